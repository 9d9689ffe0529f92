"""Rules of hand-overs and releases: pure functions over plain values. No database and no clock are known here."""
