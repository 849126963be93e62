"""Operations of ECS and VPC for set-up and clean-up: `call` sends one, `resources` and `ground` know what they are."""

from eni_conformance.contract.common import is_full
from eni_conformance.harness.ecs.call import (
    NOT_TAKEN,
    Session,
    SetupError,
    do,
    is_absent,
    marks,
    open_session,
    passes,
    pauses,
    reach,
    says_absent,
    send,
    succeeded,
    wait_for,
    where,
)
from eni_conformance.harness.ecs.ground import (
    ASSUMED_QUOTA,
    create_security_group,
    create_vswitch,
    find_instance_type,
    find_zones,
    lay_ground,
    rank_types,
)
from eni_conformance.harness.ecs.resources import (
    IMAGE_FAMILY,
    KINDS,
    Ground,
    attach_eni,
    create_eni,
    create_instance,
    delete_eni,
    delete_instance,
    describe_enis,
    describe_instances,
    detach_eni,
    eni_attribute,
    listed,
    pages,
    reboot_instance,
    start_instance,
    stop_instance,
)
