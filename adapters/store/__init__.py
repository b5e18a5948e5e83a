"""The SQL store: schema, guards, migrations, and one module per subject that people read or decide on."""
