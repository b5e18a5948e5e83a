"""Who decides: on PostgreSQL everybody under a login of their own, on SQLite by name."""

from __future__ import annotations

from urllib.parse import quote

import sqlalchemy as sa

from adapters.store.guards import APPROVER
from adapters.world import World, open_world


def as_login(world: World, name: str, *, role: str = APPROVER) -> World:
    """The world as somebody's own database session sees it; the same world on SQLite, which has no logins."""
    if not world.settings.database_url:
        return world
    with world.store.write("test") as connection:
        known = connection.execute(sa.text("SELECT 1 FROM pg_roles WHERE rolname = :name"), {"name": name}).first()
        if known is None:
            connection.execute(sa.text(f'CREATE ROLE "{name}" LOGIN'))
        connection.execute(sa.text(f'GRANT {role} TO "{name}"'))
    return signed_in(world, name)


def signed_in(world: World, name: str) -> World:
    """The same for somebody who has a login already."""
    if not world.settings.database_url:
        return world
    url = world.settings.database_url.replace("//postgres:@", f"//{quote(name)}:@")
    return open_world(world.settings.model_copy(update={"database_url": url}), clock=world.seam.clock)
