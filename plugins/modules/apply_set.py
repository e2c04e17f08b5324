#!/usr/bin/python

# Copyright: (c) the livestream.srs contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply a list of Kubernetes objects as one set."""

from __future__ import annotations

DOCUMENTATION = r"""
module: apply_set
short_description: Apply a list of Kubernetes objects as one set
version_added: 0.1.0
author:
  - The livestream.srs contributors (@livestream-srs)
description:
  - Applies any number of objects over one connection by server-side apply with the field manager C(livestream.srs).
    Namespaces and CustomResourceDefinitions come first, then what other objects refer to, then the rest.
  - Plans first. The API server is asked what it would make of each object, and only those that differ are then written,
    so an invalid object is reported before anything is changed, and a run that changes nothing is cheap.
  - Takes over objects that C(kubectl) created. Fields that C(kubectl apply), C(create), C(edit), C(set), C(patch) or the like have set,
    and that are not in the manifest, are removed. An object that is otherwise the same is not changed.
    What C(kubectl rollout restart) has set stays, and so does a replica count that an autoscaler sets, unless the manifest has one.
  - An object with the annotation C(livestream.srs/hold) is left unchanged, with a warning that gives the annotation's value as the reason.
  - Records the set by the labels and annotations of KEP-3659. The record is the ConfigMap C(NAME-apply-set) in O(namespace),
    every member has the label C(applyset.kubernetes.io/part-of).
  - An interrupted run is completed by running it again.
extends_documentation_fragment:
  - livestream.srs.attributes
  - livestream.srs.attributes.action_group
  - livestream.srs.kubernetes_auth
  - livestream.srs.kubernetes_wait
attributes:
  check_mode:
    support: full
    details:
      - Every object is applied as a server-side dry run.
      - Objects whose namespace the run would first have to create are tried in the namespace C(default), where that is allowed, so that
        what is wrong with them by themselves is found. Those whose kind it would have to create can't be tried. Both are predicted as
        created.
  diff_mode:
    support: full
    details:
      - One entry for each changed object, as YAML.
      - For a new object this is the manifest, for a changed one what the API server makes of it,
        without status, managed fields and other fields that the server writes. Values of Secrets are hidden.
  idempotent:
    support: full
options:
  name:
    description:
      - Name of the set, unique in O(namespace). A DNS label.
    type: str
    required: true
  namespace:
    description:
      - Namespace of the set's record, and of every namespaced object that does not name one.
    type: str
    required: true
  objects:
    description:
      - The objects, as mappings or as strings of YAML with any number of documents each.
        Nested lists are flattened and V(null) is skipped, as templates with conditions leave them.
      - A string is faster than many mappings, since Ansible processes each value of a mapping.
      - Required when O(state=present), and with O(only_objects), for which apiVersion, kind and name are enough.
    type: list
    elements: raw
  state:
    description:
      - V(present) ensures that the objects match the given manifests.
      - V(absent) deletes all members of the set, in the kinds and namespaces that its record names, and the record.
        Namespaces and CustomResourceDefinitions are kept, since they may contain objects of others.
        While members are kept, the record stays.
    type: str
    choices: [present, absent]
    default: present
  only_objects:
    description:
      - Whether O(state=absent) deletes only those members that are in O(objects), and the record with the last member.
    type: bool
    default: false
  prune:
    description:
      - Whether members of the set that are no longer in O(objects) are deleted.
      - Only objects that have the set's label, and are of the kinds and in the namespaces that its record names, are ever deleted.
        Namespaces, CustomResourceDefinitions and, without O(delete_persistent_volume_claims), PersistentVolumeClaims are kept.
      - This comes last, after O(wait). When anything has failed before, nothing is deleted.
    type: bool
    default: false
  prune_allow_empty:
    description:
      - Whether O(prune) may delete all members because O(objects) is empty, which is an error otherwise.
    type: bool
    default: false
  delete_persistent_volume_claims:
    description:
      - Whether O(prune) and O(state=absent) delete PersistentVolumeClaims too, and with them usually the data.
    type: bool
    default: false
  drain:
    description:
      - Whether O(prune) and O(state=absent) delete workloads first and wait until their pods have ended before they delete anything else,
        so that pods that end gracefully can serve their last clients through a Service that still exists.
      - This takes as long as the pods do, up to their C(terminationGracePeriodSeconds).
    type: bool
    default: false
  release_holds:
    description:
      - Whether objects that are held by the annotation C(livestream.srs/hold) are applied like others. This removes the annotation
        if C(kubectl) or this collection has set it.
    type: bool
    default: false
  optional_groups:
    description:
      - API groups that the API server may not serve, such as V(monitoring.coreos.com). Where it does not, objects of these groups are
        left out, with a warning.
    type: list
    elements: str
    default: []
  change_cause:
    description:
      - Who changes the objects, or why. It is recorded, with what changes, in the annotation C(kubernetes.io/change-cause) of each workload
        whose pod template changes, which C(kubectl rollout history) shows. Without it, nothing is recorded.
    type: str
  force_conflicts:
    description:
      - Whether fields that other managers own with other values are overwritten. They are listed in RV(conflicts).
        When V(false), such a field is an error. Fields that C(kubectl) has set on the object itself are always taken over.
    type: bool
    default: true
  take_over:
    description:
      - Whether an object may become a member that is there already and that another tool made and keeps - Helm, Argo CD, Flux, an
        operator, any other field manager. When V(false), such an object is an error, before anything is changed.
      - What people have made with C(kubectl) is always taken over.
    type: bool
    default: false
  allow_new_address:
    description:
      - Whether a Service that has a load balancer may lose its address by a change. When V(false), such a change is an error, before
        anything is changed.
      - What the load balancer's controller, or Kubernetes itself, can't change is done by deleting the Service and making it anew, which
        RV(objects[].action) calls V(replaced). Services that leave the set are deleted all the same.
    type: bool
    default: false
  create_namespace:
    description:
      - Whether a namespace that does not exist is created. It is not a member of the set and is never deleted.
    type: bool
    default: true
  following:
    description:
      - Sets that will be applied after this one. They are planned as soon as it is clear that this one changes anything, and before it
        does, so that a playbook doesn't stop half-way because of an object that the API server refuses.
      - Not looked at in check mode.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: See O(name).
        type: str
        required: true
      objects:
        description: See O(objects).
        type: list
        elements: raw
        required: true
      prune:
        description: See O(prune).
        type: bool
        default: false
      prune_allow_empty:
        description: See O(prune_allow_empty).
        type: bool
        default: false
      optional_groups:
        description: See O(optional_groups).
        type: list
        elements: str
        default: []
  others_new:
    description:
      - Whether a plan (RV(planned_following)) has just found that no object exists that isn't a member yet, so that new ones needn't be
        planned again.
    type: bool
    default: false
  concurrency:
    description:
      - The largest number of concurrent requests to the API server.
    type: int
    default: 8
seealso:
  - name: ApplySet
    description: The specification of the labels and the record.
    link: https://kep.k8s.io/3659
"""

EXAMPLES = r"""
- name: Apply manifests as one unit and wait for all of them
  livestream.srs.apply_set:
    name: media
    namespace: media
    objects:
      - "{{ lookup('ansible.builtin.template', 'media.yml.j2') }}"
    wait: true
    wait_timeout: 120

- name: Also delete what is no longer in the list
  livestream.srs.apply_set:
    name: media
    namespace: media
    objects: "{{ media_objects }}"
    prune: true

- name: Delete the whole set but keep its volumes
  livestream.srs.apply_set:
    name: media
    namespace: media
    state: absent
"""

RETURN = r"""
objects:
  description:
    - Every object of the set with what was done to it, or in check mode would be.
    - A namespace that was created comes first, then the objects in the order given, then the deleted and kept ones, and the record.
    - Of a run that fails, those that it has told the API server, in the order in which it did.
  returned: success, and when objects could not be applied, deleted or waited for
  type: list
  elements: dict
  contains:
    api_version:
      description: The object's apiVersion.
      type: str
      returned: always
      sample: apps/v1
    kind:
      description: The object's kind.
      type: str
      returned: always
      sample: Deployment
    namespace:
      description: The object's namespace, V(null) for a cluster-scoped object.
      type: str
      returned: always
      sample: media
    name:
      description: The object's name.
      type: str
      returned: always
      sample: srs-edge-deployment
    action:
      description: One of V(created), V(configured), V(replaced), V(unchanged), V(deleted), V(kept), V(held).
      type: str
      returned: always
      sample: configured
    changed:
      description: Whether the object was changed.
      type: bool
      returned: always
      sample: true
    fields:
      description: The top-level fields that were changed, of an object that was configured.
      type: list
      elements: str
      returned: always
      sample: [spec, metadata.annotations]
    pod_template:
      description: The paths that were changed in its pod template, for which its pods are replaced; of a workload that was configured.
      type: list
      elements: str
      returned: always
      sample: ["spec.containers[srs].image"]
conflicts:
  description: Fields of other managers whose values were overwritten.
  returned: success
  type: list
  elements: dict
  contains:
    object:
      description: Kind, namespace and name of the object.
      type: str
      returned: always
      sample: Deployment media/srs-edge-deployment
    manager:
      description: The manager that owned the field, with the subresource that it used.
      type: str
      returned: always
      sample: kubectl (scale)
    field:
      description: The field's path.
      type: str
      returned: always
      sample: .spec.replicas
diff:
  description: Before and after of each changed object.
  returned: in diff mode
  type: list
  elements: dict
  contains:
    before_header:
      description: Kind, namespace and name of the object.
      type: str
      returned: always
      sample: Deployment media/srs-edge-deployment
    after_header:
      description: The same as RV(diff[].before_header).
      type: str
      returned: always
      sample: Deployment media/srs-edge-deployment
    before:
      description: The object before, as YAML; empty when it is new.
      type: str
      returned: always
    after:
      description: The object after, as YAML; empty when it was deleted.
      type: str
      returned: always
planned_following:
  description:
    - Names of those sets in O(following) whose objects are either members already or don't exist yet, where they have been planned since
      this one changed something; else V(null).
  returned: success
  type: list
  elements: str
not_ready:
  description:
    - The objects that were not ready in time, each with C(api_version), C(kind), C(namespace), C(name), the C(reason),
      whether it has C(failed), the reasons of its C(pods) and the last C(events).
  returned: when waiting failed
  type: list
  elements: dict
failed:
  description: The reasons, one for each object that failed.
  returned: when several objects failed
  type: list
  elements: str
"""

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.livestream.srs.plugins.module_utils._argspec import connection_spec, take_objects, wait_spec
from ansible_collections.livestream.srs.plugins.module_utils._errors import SrsError, run
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api import manifests
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.apply_set import apply_set
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.client import Client
from ansible_collections.livestream.srs.plugins.module_utils._kubernetes_api.set_model import SetSpec
from ansible_collections.livestream.srs.plugins.module_utils._rollout.srs_policy import SrsPolicy
from ansible_collections.livestream.srs.plugins.module_utils._srs_conf.secrets import redacted

# Options that sets which follow have from the one before them.
SHARED = ("force_conflicts", "take_over", "create_namespace")


def flow(module: AnsibleModule) -> dict[str, Any]:
    params = module.params
    if params["objects"] is None and params["state"] == "present":
        raise SrsError("objects is null, which may be a mistake in a template; give a list, or [] if there are no objects.")
    given, following = take_objects(module, "objects", "following")
    own = ("name", "namespace", "prune", "prune_allow_empty", "delete_persistent_volume_claims", "drain", "only_objects")
    spec = SetSpec(
        **{key: params[key] for key in (*own, *SHARED, "optional_groups", "wait", "wait_timeout", "others_new")},
        objects=manifests.read(given),
        policy=SrsPolicy(params["change_cause"] or "", params["release_holds"], params["allow_new_address"], redacted),
        absent=params["state"] == "absent",
        check_mode=module.check_mode,
        diff=module._diff,
        progress=getattr(module, "progress", lambda _text: None),
    )
    # In the process of ansible-playbook they come as a function, which is called when they are needed.
    spec.following = lambda: [_following(spec, item) for item in (following() if callable(following) else following)]
    result = apply_set(Client.from_module(module), spec)
    for warning in result.warnings:
        module.warn(warning)
    shown = {"diff": result.diff} if module._diff else {}
    told = {key: getattr(result, key) for key in ("changed", "objects", "conflicts", "planned_following")}
    return {**told, **shown}


def _following(spec: SetSpec, given: Mapping[str, Any]) -> SetSpec:
    """A set that comes after another one, in the same namespace."""
    own = {key: given[key] for key in ("prune", "prune_allow_empty", "optional_groups") if key in given}
    shared = {key: getattr(spec, key) for key in ("namespace", "policy", *SHARED)}
    return SetSpec(name=given["name"], objects=manifests.read(given["objects"]), **own, **shared)


def specification() -> dict[str, Any]:
    return {
        "argument_spec": {
            **connection_spec(),
            **wait_spec(),
            "name": {"type": "str", "required": True},
            "namespace": {"type": "str", "required": True},
            # no_log: the manifests of Secrets must not reach the system's log; take_objects lets results name objects again.
            "objects": {"type": "list", "elements": "raw", "no_log": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "only_objects": {"type": "bool", "default": False},
            "prune": {"type": "bool", "default": False},
            "prune_allow_empty": {"type": "bool", "default": False},
            "delete_persistent_volume_claims": {"type": "bool", "default": False},
            "drain": {"type": "bool", "default": False},
            "release_holds": {"type": "bool", "default": False},
            "optional_groups": {"type": "list", "elements": "str", "default": []},
            "change_cause": {"type": "str"},
            "force_conflicts": {"type": "bool", "default": True},
            "take_over": {"type": "bool", "default": False},
            "allow_new_address": {"type": "bool", "default": False},
            "create_namespace": {"type": "bool", "default": True},
            "following": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "no_log": True,
                "options": {
                    "name": {"type": "str", "required": True},
                    "objects": {"type": "list", "elements": "raw", "required": True},
                    "prune": {"type": "bool", "default": False},
                    "prune_allow_empty": {"type": "bool", "default": False},
                    "optional_groups": {"type": "list", "elements": "str", "default": []},
                },
            },
            "others_new": {"type": "bool", "default": False},
            "concurrency": {"type": "int", "default": 8},
        },
        "required_if": [("state", "present", ("objects",)), ("only_objects", True, ("objects",))],
        "supports_check_mode": True,
    }


def main() -> None:
    run(AnsibleModule(**specification()), flow)


if __name__ == "__main__":
    main()
