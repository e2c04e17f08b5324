# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that say how to reach the HTTP API of SRS (``module_utils/_argspec.py``)."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  api_via:
    description:
      - How the HTTP API of each SRS server is reached.
      - V(pod_proxy) goes through the pod proxy of the Kubernetes API server, and so works from everywhere and asks for no open port.
        It needs the right to C(get) C(pods/proxy) (and C(delete), to kick clients), and passes no user name and password on.
      - V(port_forward) has the API server forward a port of each pod, as C(kubectl port-forward) does. User name and password reach SRS.
        It needs the rights to C(get) and C(create) C(pods/portforward).
      - V(pod_ip) connects to the pods' own addresses, from where these can be reached.
      - V(url) connects to O(api_url).
    type: str
    choices: [pod_proxy, port_forward, pod_ip, url]
    default: pod_proxy
  api_url:
    description:
      - The URL of a server's API with O(api_via=url), without C(/api/v1).
      - C({pod}), C({ip}), C({node}), C({cluster}) and C({namespace}) stand for what is known of each server's pod.
    type: str
  api_scheme:
    description:
      - Whether the API is asked over HTTP or HTTPS. With O(api_via=url), the URL says so; with O(api_via=port_forward) it is HTTP.
    type: str
    choices: [http, https]
    default: http
  api_port:
    description:
      - The port of the API.
      - When not given, it is the container's port named C(api), else what C(http_api) in the server's srs.conf says, else 1985.
    type: int
  api_username:
    description:
      - User name for the API, where C(http_api.auth) is on (SRS 5.0.152, 6.0.40 and later).
    type: str
  api_password:
    description:
      - Password for the API.
    type: str
  api_ca_cert:
    description:
      - Path of the CA certificates (PEM) that the certificate of SRS is checked against with HTTPS.
    type: path
  api_validate_certs:
    description:
      - Whether the certificate of SRS is checked with HTTPS. Does not apply to O(api_via=pod_proxy), where the API server decides.
    type: bool
    default: true
  api_timeout:
    description:
      - How long one server may take to answer, in seconds. All servers are asked at the same time.
    type: float
    default: 5.0
"""
