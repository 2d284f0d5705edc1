"""The pages of staff members."""

from flask import Blueprint

BLUEPRINTS: tuple[Blueprint, ...] = ()
