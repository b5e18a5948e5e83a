"""When things run: one short file per flow, the deployments, the command line."""
