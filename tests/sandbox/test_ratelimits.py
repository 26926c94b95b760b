"""Rate limits and faults: what a bot must be able to live with."""

from __future__ import annotations

from typing import Any

import pytest

from echo.errors import UsageError
from echo.sandbox.faults import Faults
from echo.sandbox.ratelimits import Rate, RateLimits
from echo.sandbox.server import Sandbox
from tests.support.loopback import Caller, Ticking, calling, channel, opened

SEND = ("POST", "/channels/{channel_id}/messages")


def path(sandbox: Sandbox, name: str = "general") -> str:
    return f"/channels/{channel(sandbox.world, name).id}/messages"


async def test_the_sixth_message_in_five_seconds_is_one_too_many() -> None:
    now = Ticking(0.0)
    async with opened(limits=RateLimits(now)) as sandbox, calling(sandbox) as call:
        for left in (4, 3, 2, 1, 0):
            await call("POST", path(sandbox), {"content": "x"})
            assert call.headers["X-RateLimit-Remaining"] == str(left)
        assert call.headers["X-RateLimit-Limit"] == "5"
        now.now = 2.0
        refused = await call("POST", path(sandbox), {"content": "x"}, status=429)
        assert refused == {"message": "You are being rate limited.", "retry_after": 3.0, "global": False, "code": 0}
        assert call.headers["Via"]
        assert call.headers["X-RateLimit-Scope"] == "user"
        assert call.headers["X-RateLimit-Reset-After"] == "3.000"
        await call("POST", path(sandbox, "workshop"), {"content": "another channel, another bucket"})
        now.now = 5.0
        await call("POST", path(sandbox), {"content": "x"})


async def test_the_reset_is_in_seconds_since_the_epoch() -> None:
    clock = Ticking(1_800_000_000.0)
    async with opened(clock=clock, limits=RateLimits(Ticking(0.0))) as sandbox, calling(sandbox) as call:
        await call("POST", path(sandbox), {"content": "x"})
        assert call.headers["X-RateLimit-Reset"] == "1800000005.000"


async def test_over_the_global_limit_every_route_but_webhooks_is_refused() -> None:
    limits = RateLimits(Ticking(0.0), everywhere=Rate(2, 1.0))
    async with opened(limits=limits) as sandbox, calling(sandbox) as call:
        webhook = await call("POST", path(sandbox).replace("messages", "webhooks"), {"name": "Voice"})
        await call("GET", "/users/@me")
        refused = await call("GET", path(sandbox), status=429)
        assert refused["global"] is True
        assert call.headers["X-RateLimit-Global"] == "true"
        assert call.headers["X-RateLimit-Scope"] == "global"
        await call("POST", f"/webhooks/{webhook['id']}/{webhook['token']}", {"content": "x"}, status=204)


async def test_rates_can_be_set_for_single_routes() -> None:
    limits = RateLimits(Ticking(0.0), rates={SEND: Rate(1, 1.0)})
    async with opened(limits=limits) as sandbox, calling(sandbox) as call:
        await call("POST", path(sandbox), {"content": "x"})
        await call("POST", path(sandbox), {"content": "x"}, status=429)


async def test_without_rate_limits_nothing_is_counted(sandbox: Sandbox, call: Caller) -> None:
    for _ in range(10):
        await call("POST", path(sandbox), {"content": "x"})
    assert "X-RateLimit-Limit" not in call.headers


def test_many_buckets_do_not_pile_up() -> None:
    now = Ticking(0.0)
    limits = RateLimits(now)
    for number in range(5000):
        now.now = float(number * 10)
        limits.take("GET", "/channels/{channel_id}", str(number))
    assert len(limits._windows) < 1100


async def test_the_next_requests_get_a_429_that_a_client_can_retry(sandbox: Sandbox, call: Caller) -> None:
    assert (await call("POST", "/sandbox/faults", {"rate_limit": 2}))["rate_limit"] == 2
    for _ in range(2):
        assert (await call("GET", "/users/@me", status=429))["retry_after"] > 0
        assert call.headers["Via"]
    await call("GET", "/users/@me")


async def test_the_next_requests_fail_with_the_status_that_was_asked_for(sandbox: Sandbox, call: Caller) -> None:
    await call("POST", "/sandbox/faults", {"errors": 2, "status": 502})
    await call("GET", "/users/@me", status=502)
    await call("GET", "/sandbox/people")
    await call("GET", "/users/@me", status=502)
    await call("GET", "/users/@me")


async def test_faults_can_be_kept_to_some_paths_and_cleared(sandbox: Sandbox, call: Caller) -> None:
    await call("POST", "/sandbox/faults", {"errors": 5, "match": "/messages"})
    await call("GET", "/users/@me")
    await call("GET", path(sandbox), status=503)
    assert (await call("POST", "/sandbox/faults", {"clear": True}))["errors"] == 0
    await call("GET", path(sandbox))
    assert (await call("GET", "/sandbox/faults"))["match"] == ""


async def test_a_slow_server_answers_all_the_same(sandbox: Sandbox, call: Caller) -> None:
    await call("POST", "/sandbox/faults", {"slow": 0.01})
    assert (await call("GET", "/users/@me"))["bot"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"explode": True}, "no fault called 'explode'"),
        ({"errors": -1}, "0 or more"),
        ({"errors": True}, "0 or more"),
        ({"status": 200}, "400 to 599"),
        ({"slow": "very"}, "seconds"),
        ({"match": 5}, "part of a path"),
        ({"clear": "yes"}, "true or false"),
        ([1], "JSON object"),
    ],
)
async def test_a_wrong_fault_is_refused_in_one_sentence(sandbox: Sandbox, call: Caller, wrong: Any, said: str) -> None:
    assert said in (await call("POST", "/sandbox/faults", wrong, status=400))["error"]


def test_a_wrong_fault_leaves_the_right_ones_beside_it_unset() -> None:
    faults = Faults()
    with pytest.raises(UsageError):
        faults.set({"errors": 5, "slow": -1})
    assert faults.errors == 0
