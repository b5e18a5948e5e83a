"""One Prefect task per step: read, one core call, write."""
