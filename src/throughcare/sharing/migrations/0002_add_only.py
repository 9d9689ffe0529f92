from django.db import migrations

from throughcare.events.ledger import add_only


class Migration(migrations.Migration):
    dependencies = [("sharing", "0001_initial")]
    operations = [
        add_only("sharing_grant", settable=("until", "withdrawn_at")),
        add_only("sharing_look", settable=("seal",)),
    ]
