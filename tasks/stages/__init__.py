"""What the stages do, without Prefect: read what the manifest names, call the core, write in one transaction."""
