"""Calls in progress: lists that are polled while calls ring, talk and end."""
