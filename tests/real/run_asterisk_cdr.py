"""Starts asterisk-cdr-api as it is, with its database at another port: `python run_asterisk_cdr.py DATABASE_PORT`.

The server takes its database from the machine's configuration; without one, 127.0.0.1:3306. Nothing else changes.
"""

from __future__ import annotations

import sys
from typing import Any

import pymysql

PORT = int(sys.argv[1])
connect = pymysql.connect


def connect_elsewhere(**options: Any) -> Any:
    """A connection to the database of the test."""
    return connect(**{**options, "port": PORT})


pymysql.connect = connect_elsewhere

from asterisk_cdr_api.main import run  # noqa: E402 - it reads the table when it is imported

run()
