"""What the emulated service offers: regions, zones, instance types and images.

Invented where the service leaves a choice; names, shapes and interface quotas follow its documentation.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Region:
    """A region; `code` is the three characters that its resource ids start with."""

    id: str
    code: str
    local_name: str
    zones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InstanceType:
    """An instance type; `interfaces` counts all its network interfaces, the primary one included."""

    id: str
    family: str
    cores: int
    memory_gib: float
    interfaces: int
    addresses: int
    trunk: bool


REGIONS = {
    region.id: region
    for region in (
        Region("cn-hangzhou", "bp1", "华东1（杭州）", ("cn-hangzhou-h", "cn-hangzhou-i")),
        Region("cn-beijing", "2ze", "华北2（北京）", ("cn-beijing-h", "cn-beijing-k")),
        Region("cn-shanghai", "uf6", "华东2（上海）", ("cn-shanghai-g", "cn-shanghai-l")),
    )
}

INSTANCE_TYPES = {
    kind.id: kind
    for kind in (
        InstanceType("ecs.t6-c1m1.large", "ecs.t6", 2, 2, 2, 2, False),
        InstanceType("ecs.g6.large", "ecs.g6", 2, 8, 2, 6, False),
        InstanceType("ecs.c7.large", "ecs.c7", 2, 4, 3, 6, True),
        InstanceType("ecs.g7.large", "ecs.g7", 2, 8, 3, 6, True),
        InstanceType("ecs.g6.2xlarge", "ecs.g6", 8, 32, 4, 10, False),
        InstanceType("ecs.g7.2xlarge", "ecs.g7", 8, 32, 4, 15, True),
        InstanceType("ecs.g6.8xlarge", "ecs.g6", 32, 128, 8, 20, False),
    )
}

IMAGES = (
    "aliyun_3_x64_20G_alibase_20250629.vhd",
    "ubuntu_24_04_x64_20G_alibase_20250722.vhd",
    "debian_12_11_x64_20G_alibase_20250819.vhd",
)

INTERFACES_PER_REGION = 20_000
"""Quota of network interfaces for one account in one region; far above the service's, for load tests."""

GROUPS_PER_INTERFACE = 5
