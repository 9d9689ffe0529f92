from django.db import migrations

from throughcare.events.ledger import add_only


class Migration(migrations.Migration):
    dependencies = [("organisations", "0001_initial")]
    operations = [
        add_only("organisations_membership", settable=("until",)),
    ]
