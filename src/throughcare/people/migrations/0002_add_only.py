from django.db import migrations

from throughcare.events.ledger import add_only


class Migration(migrations.Migration):
    dependencies = [("people", "0001_initial")]
    operations = [
        add_only("people_link"),
        add_only("people_personevent", settable=("ended_by_id", "undone_by_id")),
    ]
