"""A target file is understood or refused, with a message that says where and what to do."""

from __future__ import annotations

import re

import pytest
from eni_conformance.harness import ecs
from eni_conformance.harness.target import (
    Credential,
    Offers,
    TargetError,
    abroad,
    is_loopback,
    load_target,
    misnamed_callers,
    parse_target,
    resolver,
    shares,
)

KEYS = {"access_key_id": "LTAIkey0001", "access_key_secret": "the-secret"}
LEAST = {"region": "cn-hangzhou", "callers": {"account": KEYS}}


def made(**more):
    return parse_target({**LEAST, **more}, environ={})


def test_the_least_file_means_the_service():
    """Endpoint and VPC endpoint follow the service's rule for the region."""
    target = made()
    assert target.endpoint == "https://ecs.cn-hangzhou.aliyuncs.com"
    assert target.vpc_endpoint == "https://vpc.cn-hangzhou.aliyuncs.com"
    assert (target.limits.instances, target.limits.requests_per_second, target.loopback) == (2, 5.0, False)


@pytest.mark.parametrize(
    ("region", "endpoint", "vpc"),
    [
        ("cn-hangzhou-finance", "", "https://vpc.aliyuncs.com"),
        ("eu-central-1", "https://ecs.aliyuncs.com/", "https://vpc.aliyuncs.com"),
        ("eu-central-1", "https://ecs-vpc.eu-central-1.aliyuncs.com", "https://vpc.eu-central-1.aliyuncs.com"),
        ("eu-central-1", "https://cloud.example:8443", "https://cloud.example:8443"),
        ("eu-central-1", "http://[::1]:9000", "http://[::1]:9000"),
        ("eu-central-1", "http://localhost:9000/", "http://localhost:9000"),
    ],
)
def test_endpoints(region, endpoint, vpc):
    """The VPC operations are at the service's VPC host, or at the same place for anything else."""
    assert made(region=region, endpoint=endpoint).vpc_endpoint == vpc


@pytest.mark.parametrize(
    ("endpoint", "there", "vpc"),
    [
        ("", "https://ecs.cn-beijing.aliyuncs.com", "https://vpc.cn-beijing.aliyuncs.com"),
        ("https://cloud.example:8443", "https://cloud.example:8443", "https://cloud.example:8443"),
    ],
)
def test_the_second_region_has_the_endpoint_of_its_own_that_the_service_gives_it(endpoint, there, vpc):
    """What is named under [setup] belongs to the first region, but for the instance type."""
    setup = {"vpc_id": "vpc-1", "zone": "cn-hangzhou-b", "instance_type": "ecs.g7.large"}
    target = abroad(made(endpoint=endpoint, second_region="cn-beijing", setup=setup))
    assert (target.endpoint, target.vpc_endpoint) == (there, vpc)
    assert (target.region, target.second_region) == ("cn-beijing", "cn-hangzhou")
    assert (target.setup.vpc_id, target.setup.zone, target.setup.instance_type) == ("", "", "ecs.g7.large")


def test_an_order_that_touches_everybody_keeps_out_whoever_is_in_the_other_region():
    """An emulator plays both behind one control protocol, and a call may name either region."""
    home = made(second_region="cn-beijing", control={"url": "http://127.0.0.1:9000/_control"})
    assert ecs.reach(abroad(home)) == ecs.reach(home) != ecs.reach(made(second_region="cn-beijing"))


@pytest.mark.parametrize(
    ("instances", "enis", "workers", "room"), [(2, 8, 1, False), (4, 16, 1, True), (4, 16, 2, False), (16, 64, 2, True)]
)
def test_both_regions_together_keep_the_limits(instances, enis, workers, room):
    """Nothing is created in the second region where that would leave too little for the first."""
    limits = {"instances": instances, "network_interfaces": enis}
    home, there = shares(made(second_region="cn-beijing", limits=limits), workers)
    used = [home.limits, there.limits] if there else [home.limits]
    assert (there is not None) == room
    assert sum(one.instances for one in used) == instances and sum(one.network_interfaces for one in used) == enis
    assert shares(made(limits=limits), workers)[1] is None


def test_loopback_is_this_machine_only():
    """Names that merely look local are not."""
    assert all(map(is_loopback, ("http://127.0.0.1:1", "http://127.9.9.9", "http://[::1]", "http://localhost")))
    for url in ("http://127.0.0.1.example", "http://localhost.example", "http://0.0.0.0", "http://10.0.0.1", "http:"):
        assert not is_loopback(url)


WRONG = {
    "no region": ({"region": ""}, "region"),
    "region of another kind": ({"region": "Hangzhou"}, "region"),
    "unknown key": ({"endpont": "https://x"}, "endpont: unknown key; did you mean 'endpoint'"),
    "endpoint of another region": (
        {"endpoint": "https://ecs.cn-beijing.aliyuncs.com"},
        "make endpoint and region agree",
    ),
    "no scheme": ({"endpoint": "ecs.example"}, "endpoint"),
    "another scheme": ({"endpoint": "ftp://ecs.example"}, "endpoint"),
    "a blank in a path": ({"endpoint": "https://ecs.example/a b"}, "endpoint"),
    "a letter beyond ASCII": ({"endpoint": "https://ecs.example/\u00f6"}, "endpoint"),
    "port out of range": ({"endpoint": "https://ecs.example:99999"}, "endpoint"),
    "a part of a name too long": ({"endpoint": f"https://{'a' * 64}.example"}, "endpoint"),
    "a part of a name missing": ({"endpoint": "https://ecs..example"}, "endpoint"),
    "a name too long": ({"endpoint": "https://" + ".".join(["a" * 60] * 5)}, "endpoint"),
    "a name that begins with a dot": ({"vpc_endpoint": "https://.example"}, "endpoint"),
    "a backslash": ({"endpoint": "https://ecs\\example"}, "endpoint"),
    "path": ({"endpoint": "https://ecs.example/api"}, "endpoint: has a path"),
    "query": ({"endpoint": "https://ecs.example?x=1"}, "endpoint"),
    "credentials in the URL": ({"endpoint": "https://u:p@ecs.example"}, "endpoint"),
    "plain http": ({"endpoint": "http://ecs.example"}, "--allow-plain-http"),
    "plain http for VPC": ({"vpc_endpoint": "http://vpc.example"}, "vpc_endpoint"),
    "plain http for control": ({"control": {"url": "http://ecs.example/_control"}}, "control.url"),
    "control with another key": ({"control": {"uri": "x"}}, "control.uri: unknown key; did you mean 'url'"),
    "second region the same": ({"second_region": "cn-hangzhou"}, "second_region"),
    "a number for a text": ({"name": 3}, "name"),
    "a text for a table": ({"limits": "none"}, r"write it as \[limits\]"),
    "no caller": ({"callers": {}}, r"add \[callers.account\]"),
    "caller that is a text": ({"callers": {"account": KEYS, "x": "y"}}, "callers.x"),
    "half a key": ({"callers": {"account": {"access_key_id": "LTAI1"}}}, "callers.account.access_key_secret"),
    "key with a line end": ({"callers": {"account": {**KEYS, "access_key_secret": "abc\n"}}}, "copy it again"),
    "two sources": ({"callers": {"account": {**KEYS, "env": "P"}}}, "more than one source"),
    "variable not set": ({"callers": {"account": {"env": "P"}}}, "P_ACCESS_KEY_ID is not set"),
    "unknown credential key": ({"callers": {"account": {"acess_key_id": "x"}}}, "did you mean 'access_key_id'"),
    "unknown limit": ({"limits": {"instance": 1}}, "did you mean 'instances'"),
    "limit below": ({"limits": {"instances": 0}}, "1 to 100 is allowed"),
    "limit above": ({"limits": {"network_interfaces": 5000}}, "limits.network_interfaces"),
    "limit in quotes": ({"limits": {"minutes": "3"}}, "without quotes"),
    "limit that is no number": ({"limits": {"minutes": float("nan")}}, "limits.minutes"),
    "limit that is a flag": ({"limits": {"instances": True}}, "limits.instances"),
    "fraction of an instance": ({"limits": {"instances": 1.5}}, "whole number"),
    "vSwitch without VPC": ({"setup": {"vswitch_id": "vsw-1"}}, "setup.vpc_id"),
    "blank in an id": ({"setup": {"zone": "cn hangzhou"}}, "setup.zone"),
    "lag below": ({"limits": {"lag_seconds": 0}}, r"limits.lag_seconds.*0\.1 to 600 is allowed"),
    "lag above": ({"limits": {"lag_seconds": 601}}, "limits.lag_seconds"),
    "lag with a unit": ({"limits": {"lag_seconds": "15s"}}, "without quotes"),
    "lag misspelt": ({"limits": {"lag_second": 3}}, "did you mean 'lag_seconds'"),
    "passing misspelt": (
        {"judge": {"passing": "ignore"}},
        "judge.passing: 'ignore' is unknown; write 'tolerate' or 'count', or leave it out",
    ),
    "passing in capitals": ({"judge": {"passing": "Count"}}, "judge.passing: 'Count' is unknown"),
    "passing as a flag": ({"judge": {"passing": True}}, "judge.passing: True is unknown"),
    "passing empty": ({"judge": {"passing": ""}}, "judge.passing: '' is unknown"),
    "judge with another key": ({"judge": {"pasing": "count"}}, "judge.pasing: unknown key; did you mean 'passing'"),
    "judge that is a text": ({"judge": "count"}, r"write it as \[judge\]"),
    "format that nobody offers": (
        {"offers": {"formats": ["json", "yaml"]}},
        r"offers.formats: \['json', 'yaml'\] is no list of what can be offered; "
        "write a list of one or more of 'json', 'xml'",
    ),
    "no format at all": ({"offers": {"formats": []}}, r"offers.formats: \[\] is no list"),
    "format as a text": ({"offers": {"formats": "json"}}, "offers.formats: 'json' is no list"),
    "format that is no text": ({"offers": {"formats": ["json", 1]}}, "offers.formats"),
    "scheme that nobody offers": (
        {"offers": {"signing": ["v2"]}},
        r"offers.signing: \['v2'\] is no list of what can be offered; write a list of one or more of 'v1', 'v3'",
    ),
    "no scheme of signing": ({"offers": {"signing": []}}, "offers.signing"),
    "scheme as a number": ({"offers": {"signing": [3]}}, "offers.signing"),
    "offers with another key": ({"offers": {"formates": ["json"]}}, "offers.formates: unknown key"),
}


@pytest.mark.parametrize("name", WRONG)
def test_mistakes_are_named(name):
    """File and key come first, the remedy last."""
    change, message = WRONG[name]
    with pytest.raises(TargetError, match=message) as caught:
        parse_target({**LEAST, **change}, where="staging.toml", environ={})
    assert re.match(r"staging\.toml: [a-z_.]+", str(caught.value))
    assert "the-secret" not in str(caught.value)


# --- who is judged, and by what is offered -----------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["ECS.example", "ecs.example.", "my_ecs", "10.0.0.7", "[::1]", "[fe80::1%25eth0]", "xn--bcher-kva.example"]
)
def test_any_host_that_may_be_there_is_one(host):
    assert made(endpoint=f"https://{host}").endpoint == f"https://{host}"


NEAR = {"endpoint": "http://127.0.0.1:9000"}


def test_an_endpoint_on_this_machine_has_no_excuse_and_one_behind_a_network_has():
    """How long things may take and lag, how fast calls may come, and whether an answer that passes counts at once."""
    near, far = made(**NEAR), made()
    assert (near.limits.requests_per_second, near.limits.lag_seconds, near.limits.settle_seconds) == (0, 1.6, 30)
    assert (far.limits.requests_per_second, far.limits.lag_seconds, far.limits.settle_seconds) == (5, 15, 180)
    assert (near.limits.instances, near.limits.network_interfaces, near.limits.minutes) == (
        far.limits.instances, far.limits.network_interfaces, far.limits.minutes
    )  # fmt: skip
    assert (near.tolerates, far.tolerates) == (False, True)


@pytest.mark.parametrize("place", [NEAR, {}], ids=["loopback", "network"])
@pytest.mark.parametrize(("passing", "tolerates"), [("tolerate", True), ("count", False)])
def test_the_file_may_say_otherwise(place, passing, tolerates):
    target = made(**place, judge={"passing": passing}, limits={"lag_seconds": 3, "settle_seconds": 7.5})
    assert (target.passing, target.tolerates) == (passing, tolerates)
    assert (target.limits.lag_seconds, target.limits.settle_seconds) == (3, 7.5)
    assert made(**place, judge={}).passing is None


def test_what_is_offered_is_said_in_any_case_once_and_in_order():
    target = made(offers={"formats": ["XML", "json", "Json"], "signing": ["V3"]})
    assert (target.offers.formats, target.offers.signing) == (("json", "xml"), ("v3",))
    assert made(offers={"signing": ["v3", "v1"]}).offers == Offers((), ("v1", "v3"))
    assert made().offers == made(offers={}).offers == Offers((), ()), "not said: it is found out"


def test_the_second_region_offers_and_is_judged_as_the_first():
    home = made(second_region="cn-beijing", offers={"formats": ["json"]}, judge={"passing": "count"})
    there = abroad(home)
    assert (there.offers, there.passing) == (home.offers, "count")


def test_secrets_do_not_show():
    """Not in the repr of anything, however nested."""
    assert "the-secret" not in repr(made()) and "LTAIkey0001" not in repr(made())
    assert made().callers["account"].source == "the target file"


def test_files(tmp_path):
    """A missing file, one that is not TOML, and one that others can read."""
    with pytest.raises(TargetError, match="name an existing target file"):
        load_target(tmp_path / "none.toml")
    path = tmp_path / "t.toml"
    path.write_text("region = ")
    with pytest.raises(TargetError, match="is not TOML"):
        load_target(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(TargetError, match="is not TOML"):
        load_target(path)
    path.write_text('region = "cn-hangzhou"\n[callers.account]\naccess_key_id = "a"\naccess_key_secret = "b"\n')
    path.chmod(0o644)
    assert "chmod 600" in load_target(path).warnings[0]
    path.chmod(0o600)
    assert load_target(path).warnings == () and load_target(path).path == str(path)


def test_credentials_from_the_environment(monkeypatch):
    """A prefix names three variables, the last of them optional."""
    for part, value in {"ACCESS_KEY_ID": "id", "ACCESS_KEY_SECRET": "secret", "SECURITY_TOKEN": "token"}.items():
        monkeypatch.setenv(f"CI_{part}", value)
    target = parse_target({**LEAST, "callers": {"account": {"env": "CI"}}})
    assert resolver(target.callers["account"])() == Credential("id", "secret", "token")
    assert target.callers["account"].source == "environment CI_ACCESS_KEY_ID"


def test_a_profile_of_the_vendors_command_line_tool(tmp_path, monkeypatch):
    """Found in its own file, by name; one that is not there is told without a traceback."""
    import alibabacloud_credentials.provider.cli_profile as provider

    (tmp_path / ".aliyun").mkdir()
    (tmp_path / ".aliyun" / "config.json").write_text(
        '{"current": "other", "profiles": [{"name": "ci", "mode": "StsToken", "access_key_id": "STS.id", '
        '"access_key_secret": "secret", "sts_token": "token"}]}'
    )
    monkeypatch.setattr(provider.ac, "HOME", str(tmp_path))
    callers = made(callers={"account": {"profile": "ci"}, "x": {"profile": "nobody"}}).callers
    assert resolver(callers["account"])() == Credential("STS.id", "secret", "token")
    with pytest.raises(TargetError, match=r"caller x \(profile nobody\): no credential"):
        resolver(callers["x"])()


def test_the_default_chain_is_asked_each_time(monkeypatch):
    """So a session token that the library renews is used at once."""
    import alibabacloud_credentials.client as library

    tokens = iter(("one", "two"))

    class Chain:
        def get_credential(self):
            from types import SimpleNamespace

            return SimpleNamespace(access_key_id="STS.a", access_key_secret="s", security_token=next(tokens))

    monkeypatch.setattr(library, "Client", Chain)
    current = resolver(made(callers={"account": {}}).callers["account"])
    assert [current().security_token for _ in range(2)] == ["one", "two"]
    with pytest.raises(TargetError, match="the default chain"):
        current()


def test_a_caller_whose_name_means_nothing_is_told():
    target = made(callers={"account": KEYS, "ram_deny": KEYS, "other_account": KEYS})
    (told,) = misnamed_callers(target)
    assert "callers.ram_deny" in told and "did you mean ram_denied?" in told
