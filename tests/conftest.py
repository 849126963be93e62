"""Drawn tests have no deadline: they share their machine, and a slow moment is no defect."""

from hypothesis import settings

if settings.get_current_profile_name() == "default":
    settings.register_profile("shared machine", deadline=None)
    settings.load_profile("shared machine")
