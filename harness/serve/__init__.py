"""Machine 2, serve: spec and world in, a simulated API out; a pure function with HTTP around it."""

from harness.serve.access import Identity, KeyPair, built_in_identities, make_key_pair, users_file
from harness.serve.faults import Fault, faults_of, find_faults
from harness.serve.http import Application, RunningServer, application, prepare_server, serve_in_thread
from harness.serve.limits import Limits
from harness.serve.rough import Rough, rough_fault
from harness.serve.simulator import Simulator
from harness.serve.stub import mock, stubbed
from harness.serve.switchboard import Switchboard

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
