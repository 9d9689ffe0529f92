"""Rows that are only ever added: database triggers that refuse change and removal, on SQLite and PostgreSQL alike."""

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import RunPython
from django.db.migrations.state import StateApps


def add_only(table: str, *, settable: tuple[str, ...] = (), removable: bool = False) -> RunPython:
    """A migration step after which rows of `table` can be added but not changed, nor removed unless `removable`.

    A column named in `settable` may be filled once, from null, and nothing else of the row with it.
    """

    def forwards(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
        with editor.connection.cursor() as cursor:
            cursor.execute(
                "SELECT * FROM " + editor.quote_name(table) + " LIMIT 0"  # noqa: S608 the table is named in a migration
            )
            kept = [column[0] for column in cursor.description if column[0] not in settable]
        postgresql = editor.connection.vendor == "postgresql"
        differs = "IS DISTINCT FROM" if postgresql else "IS NOT"
        changed = [f'OLD."{c}" {differs} NEW."{c}"' for c in kept]
        changed += [f'(OLD."{c}" IS NOT NULL AND OLD."{c}" {differs} NEW."{c}")' for c in settable]
        guards = [("UPDATE", " OR ".join(changed))]
        if not removable:
            guards.append(("DELETE", ""))
            if postgresql:  # which empties a table without asking the triggers of its rows
                guards.append(("TRUNCATE", ""))
        for verb, when in guards:
            name = f"{table}_no_{verb.lower()}"
            condition = f"WHEN ({when})" if when else ""
            if postgresql:
                editor.execute(
                    f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
                    f"$$ BEGIN RAISE EXCEPTION '{table} rows are only added'; END $$"
                )
                each = "STATEMENT" if verb == "TRUNCATE" else "ROW"
                editor.execute(
                    f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH {each} {condition} "
                    f"EXECUTE FUNCTION {name}()"
                )
            else:
                editor.execute(
                    f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW {condition} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} rows are only added'); END"
                )

    def backwards(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
        for verb in ("update", "delete", "truncate"):
            name = f"{table}_no_{verb}"
            if editor.connection.vendor == "postgresql":
                editor.execute(f"DROP FUNCTION IF EXISTS {name}() CASCADE")
            else:
                editor.execute(f"DROP TRIGGER IF EXISTS {name}")

    return RunPython(forwards, backwards)
