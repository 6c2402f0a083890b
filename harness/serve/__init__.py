"""Machine 2, serve: spec and world in, a simulated API out; a pure function with HTTP around it."""

from harness.serve.authentication import Identity, KeyPair, built_in_identities, make_key_pair, users_file
from harness.serve.faults.catalogue import Fault, faults_of, find_faults
from harness.serve.faults.transport import Rough, rough_fault
from harness.serve.http.application import Application, application
from harness.serve.http.limits import Limits
from harness.serve.http.server import RunningServer, prepare_server, serve_in_thread
from harness.serve.responses_mock import mock, stubbed
from harness.serve.router import Switchboard
from harness.serve.simulator import Simulator

__all__ = [
    "Application",
    "Fault",
    "Identity",
    "KeyPair",
    "Limits",
    "Rough",
    "RunningServer",
    "Simulator",
    "Switchboard",
    "application",
    "built_in_identities",
    "faults_of",
    "find_faults",
    "make_key_pair",
    "mock",
    "prepare_server",
    "rough_fault",
    "serve_in_thread",
    "stubbed",
    "users_file",
]
