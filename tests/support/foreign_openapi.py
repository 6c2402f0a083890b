"""An invented API's OpenAPI 3.0 document, as others would write it: references, allOf, deepObject."""

from __future__ import annotations

import copy
from typing import Any


def brassphone() -> dict[str, Any]:
    """The document as plain values, to be changed at will."""
    return copy.deepcopy(_BRASSPHONE)


_BRASSPHONE: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Brassphone", "version": "2.1"},
    "servers": [{"url": "https://{region}.brassphone.example/v2", "variables": {"region": {"default": "eu"}}}],
    "security": [{"token": []}],
    "paths": {
        "/calls": {
            "parameters": [{"$ref": "#/components/parameters/Limit"}],
            "get": {
                "operationId": "listCalls",
                "parameters": [
                    {"$ref": "#/components/parameters/Offset"},
                    {
                        "name": "filter",
                        "in": "query",
                        "style": "deepObject",
                        "schema": {"$ref": "#/components/schemas/Filter"},
                    },
                    {"name": "started_from", "in": "query", "schema": {"type": "string", "format": "date-time"}},
                    {"name": "min_duration", "in": "query", "schema": {"type": "integer"}},
                    {
                        "name": "sort",
                        "in": "query",
                        "schema": {"type": "string", "enum": ["started_at", "-started_at", "cost"]},
                    },
                    {"name": "flavour", "in": "query", "description": "Ask support.", "schema": {"type": "string"}},
                    {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
                ],
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Page"}}}},
                    "422": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}},
                },
            },
        }
    },
    "components": {
        "securitySchemes": {"token": {"type": "http", "scheme": "Bearer"}},
        "parameters": {
            "Limit": {
                "name": "limit",
                "in": "query",
                "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 25},
            },
            "Offset": {"name": "offset", "in": "query", "schema": {"type": "integer", "minimum": 0}},
        },
        "schemas": {
            "Filter": {
                "type": "object",
                "properties": {
                    "direction": {"type": "string", "enum": ["in", "out"]},
                    "caller": {"type": "string", "description": "Number of the caller, partial match"},
                },
            },
            "Base": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
            "Call": {
                "allOf": [
                    {"$ref": "#/components/schemas/Base"},
                    {
                        "type": "object",
                        "required": ["started_at", "direction"],
                        "properties": {
                            "started_at": {"type": "string", "format": "date-time"},
                            "answered_at": {"type": "string", "format": "date-time", "nullable": True},
                            "direction": {"type": "string", "enum": ["in", "out", "loop"]},
                            "from": {"type": "string"},
                            "to": {"type": "string"},
                            "duration": {"type": "integer"},
                            "mood": {"type": "string", "description": "How it went"},
                            "parent": {"$ref": "#/components/schemas/Call"},
                        },
                    },
                ]
            },
            "Page": {
                "type": "object",
                "properties": {
                    "meta": {
                        "type": "object",
                        "properties": {"total": {"type": "integer"}, "limit": {"type": "integer"}},
                    },
                    "data": {"type": "array", "items": {"$ref": "#/components/schemas/Call"}},
                },
            },
            "Problem": {"type": "object", "properties": {"code": {"type": "string"}, "message": {"type": "string"}}},
        },
    },
}
