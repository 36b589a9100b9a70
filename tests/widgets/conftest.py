"""Every app of these tests is a quick one."""

from tests.helpers.quick_textual import quick_textual

__all__ = ["quick_textual"]
