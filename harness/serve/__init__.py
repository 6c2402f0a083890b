"""Machine 2, serve: spec and world in, a simulated API out; a pure function with HTTP around it."""

from harness.serve.authentication import KeyPair, SimulatedUser, built_in_users, make_key_pair, read_users_file
from harness.serve.faults.catalogue import Fault, faults_of, find_faults
from harness.serve.faults.transport import TransportFault, parse_transport_fault
from harness.serve.http.application import Application, application
from harness.serve.http.limits import ServerLimits
from harness.serve.http.server import RunningServer, prepare_server, serve_in_thread
from harness.serve.responses_mock import mock, mock_simulators
from harness.serve.router import Router
from harness.serve.simulator import Simulator

__all__ = [
    "Application",
    "Fault",
    "KeyPair",
    "Router",
    "RunningServer",
    "ServerLimits",
    "SimulatedUser",
    "Simulator",
    "TransportFault",
    "application",
    "built_in_users",
    "faults_of",
    "find_faults",
    "make_key_pair",
    "mock",
    "mock_simulators",
    "parse_transport_fault",
    "prepare_server",
    "read_users_file",
    "serve_in_thread",
]
