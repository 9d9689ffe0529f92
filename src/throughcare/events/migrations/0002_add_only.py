from django.db import migrations

from throughcare.events.ledger import add_only


class Migration(migrations.Migration):
    dependencies = [("events", "0001_initial")]
    operations = [
        add_only("events_event"),
        add_only("events_eventdetail", removable=True),
    ]
