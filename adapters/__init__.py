"""Everything that touches the world: files, engines, the store, settings, the clock."""
