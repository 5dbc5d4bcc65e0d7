"""Checks of a backend: images, snapshots and leases."""

import time
from uuid import uuid4

from agentrl.errors import UsageError
from agentrl.sandboxes.base import Backend, File
from agentrl.sandboxes.owner import current_owner
from agentrl.suite.sandbox import SandboxSpec
from agentrl.testing.sandboxes.bench import expect_output, expect_sandbox_error


def check_snapshot(backend: Backend, image: str) -> None:
    """Check that a snapshot keeps files, modes and owners, and that its sandboxes are apart."""
    name, spec = f"agentrl-check/{uuid4().hex[:12]}:snapshot", SandboxSpec()
    assert not backend.has_image(name), f"has_image({name!r}) before there is one"
    first = backend.start(image, spec)
    try:
        first.write_files(
            {
                "/testbed/kept": File(b"kept", owner="agent"),
                "/opt/agentrl/bin/kept": File(b"#!/bin/sh\necho tool\n", mode=0o755),
                "/opt/hidden": File(b"hidden", mode=0o600),
            }
        )
        first.exec("cd /testbed && ln -s kept link && mkdir dir && chmod 700 dir && ln kept hard")
        assert first.snapshot(name) == name, "snapshot returned another name"
        expect_output(first, "cat /testbed/kept", "kept")
        first.exec("echo later >>/testbed/kept")
    finally:
        first.close()
    try:
        assert backend.has_image(name), f"has_image({name!r}) is False after the snapshot"
        _check_started_from(backend, name, spec)
    finally:
        backend.remove_image(name)
    assert not backend.has_image(name), "a removed image is still there"
    backend.remove_image(name)


def _check_started_from(backend: Backend, name: str, spec: SandboxSpec) -> None:
    one, two = backend.start(name, spec), backend.start(name, spec)
    try:
        for sandbox in (one, two):
            expect_output(
                sandbox, "cat /testbed/kept; readlink /testbed/link; kept", "keptkept\ntool\n"
            )
            expect_output(
                sandbox, "stat -c '%a %U' /testbed/dir /testbed/kept", "700 agent\n644 agent\n"
            )
            assert sandbox.exec("cat /opt/hidden").exit_code != 0, "a hidden file is open now"
            assert sandbox.read_file("/opt/hidden") == b"hidden", "a hidden file changed"
        one.exec("echo one >/testbed/kept; rm -rf /testbed/dir")
        expect_output(two, "cat /testbed/kept; test -d /testbed/dir && echo dir", "keptdir\n")
    finally:
        one.close()
        two.close()


def check_unknown_image(backend: Backend, image: str) -> None:
    """Check that an image that is not there is told, when started and when fetched."""
    assert backend.has_image(image), f"has_image({image!r}) is False"
    name = f"agentrl-check/{uuid4().hex[:12]}"
    expect_sandbox_error(lambda: backend.start(name, SandboxSpec()).close(), "starting no image")
    try:
        backend.fetch_image(name)
    except UsageError:
        return
    raise AssertionError("fetching an image that is nowhere raised no UsageError")


def check_leases(backend: Backend, image: str) -> None:
    """Check that a sandbox is listed while it is open, is no orphan, and survives a sweep."""
    before = time.time()
    sandbox = backend.start(image, SandboxSpec(lifetime_s=100))
    try:
        found = [lease for lease in backend.leases() if lease.id == sandbox.id]
        assert len(found) == 1, f"{len(found)} leases of an open sandbox"
        (lease,) = found
        assert lease.image == image, f"the lease names the image {lease.image!r}"
        assert lease.owner == current_owner(), f"the lease names the owner {lease.owner!r}"
        assert before + 99 < lease.expires < time.time() + 101, f"it expires at {lease.expires}"
        assert not lease.orphan, "an open sandbox is called an orphan"
        backend.sweep()
        expect_output(sandbox, "echo ok", "ok\n")
    finally:
        sandbox.close()
    assert sandbox.id not in {lease.id for lease in backend.leases()}, "a closed one is listed"


def check_expiry(backend: Backend, image: str) -> None:
    """Check that a sandbox whose time is over is an orphan, and that a sweep removes it."""
    sandbox = backend.start(image, SandboxSpec(lifetime_s=1))
    try:
        time.sleep(1.5)
        mine = [lease for lease in backend.leases() if lease.id == sandbox.id]
        assert all(lease.orphan for lease in mine), "a sandbox whose time is over is no orphan"
        swept = backend.sweep()
        assert swept >= len(mine), f"sweep found {swept} orphans"
        left = [lease for lease in backend.leases() if lease.id == sandbox.id]
        assert not left, "a sweep leaves a sandbox whose time is over"
        expect_sandbox_error(lambda: sandbox.exec("true"), "exec in a sandbox that was swept")
    finally:
        sandbox.close()


CHECKS = (check_snapshot, check_unknown_image, check_leases, check_expiry)
