from django.db import migrations

from throughcare.events.ledger import add_only


class Migration(migrations.Migration):
    dependencies = [("handovers", "0001_initial")]
    operations = [
        add_only("handovers_callertold"),
        add_only("handovers_readiness"),
    ]
