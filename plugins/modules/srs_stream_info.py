#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Play streams as a viewer does."""

from __future__ import annotations

DOCUMENTATION = r"""
module: srs_stream_info
short_description: Play streams as a viewer does, and report what was seen
description:
  - Plays RTMP, HTTP-FLV and HLS URLs for a few seconds, all at the same time, from the host that the module runs on.
  - Reports the time to the first packet, codecs, bitrate and frame rate, and for HLS the number of segments and the age of the newest.
  - Says whether a decoder could show it - its configuration comes first, keyframes have their parameter sets, sound has its configuration -
    which an edge with a fault may leave out.
  - Needs no other program and decodes nothing, so what is wrong within a picture goes unnoticed, and so do parameter sets of another stream
    that have the same numbers.
version_added: 0.1.0
author:
  - The livestream.srs contributors (@livestream-srs)
extends_documentation_fragment:
  - livestream.srs.attributes
attributes:
  check_mode:
    support: full
    details: Plays in check mode too, which changes nothing.
  diff_mode:
    support: none
  idempotent:
    support: full
    details: Changes nothing.
options:
  urls:
    description:
      - What to play, as C(rtmp://HOST/APP/STREAM), C(http://HOST/....flv) or C(http://HOST/....m3u8); C(rtmps) and C(https) work as well.
    type: list
    elements: str
    required: true
  seconds:
    description:
      - How long to watch from the first packet on, in seconds.
      - HLS is watched until a new segment has come, which can take longer.
    type: float
    default: 3.0
  timeout:
    description:
      - How long to wait for the first packet, and for a keyframe, in seconds.
      - A stream whose server does not keep frames for new players (C(gop_cache off)) needs as long as its keyframes are apart.
    type: float
    default: 10.0
  stall:
    description:
      - How long to wait without any more media, in seconds. For HLS at least twice the length of a segment.
    type: float
    default: 5.0
  must_play:
    description:
      - Whether the module fails unless the verdict on every URL is V(ok).
    type: bool
    default: false
  validate_certs:
    description:
      - Whether the certificates of C(https) and C(rtmps) servers are checked.
    type: bool
    default: true
  ca_cert:
    description:
      - Path of CA certificates (PEM) to check them against, in place of the system's.
    type: path
  ffprobe:
    description:
      - Whether to run C(ffprobe) on each URL as well. Its output is returned in RV(streams[].ffprobe).
    type: bool
    default: false
  ffprobe_path:
    description:
      - The program to use for O(ffprobe).
    type: path
    default: ffprobe
"""

EXAMPLES = r"""
- name: Does it play?
  livestream.srs.srs_stream_info:
    urls:
      - rtmp://203.0.113.1/live/livestream
      - http://203.0.113.1:8080/live/livestream.flv
      - http://203.0.113.2/live/livestream.m3u8
    must_play: true

- name: Read where to play from
  livestream.srs.srs_cluster_status:
    namespace: srs
    query: urls[?action == 'play' && public].url
  register: status

- name: Play all of it, from another host
  livestream.srs.srs_stream_info:
    urls: "{{ status.query_result }}"
    seconds: 10
  delegate_to: viewer.example.com
  register: seen

- name: Print what was seen
  ansible.builtin.debug:
    msg: "{{ seen.summary }}"
"""

RETURN = r"""
ok:
  description: Whether the verdict on every URL is V(ok).
  returned: always
  type: bool
streams:
  description: What was seen, in the order of O(urls). What is unknown is null.
  returned: always
  type: list
  elements: dict
  contains:
    url:
      description: The URL.
      type: str
    protocol:
      description: V(rtmp), V(flv) (HTTP-FLV) or V(hls).
      type: str
    verdict:
      description:
        - V(ok) means that media arrived, can be decoded, and kept arriving.
        - V(refused) means that no server listens there, or that it closed the connection or rejected the request.
        - V(not_found) means that the server does not have the stream.
        - V(empty) means that the server accepted the player and sent no media.
        - V(stalled) means that media arrived and then stopped.
        - V(undecodable) means that media kept arriving and that no player can show all of it. C(message) has what is missing, such as the
          sequence headers of RTMP and HTTP-FLV, the parameter sets of MPEG-TS, a keyframe, or sound that the stream's metadata announces.
        - V(wrong_content) means that the response is not such a stream.
      type: str
    message:
      description: The reason, as a sentence. Empty with V(ok).
      type: str
    connect_seconds:
      description: Time until the connection was established, in seconds.
      type: float
    first_packet_seconds:
      description: Time until the first video or audio packet, in seconds.
      type: float
    first_keyframe_seconds:
      description: Time until the first keyframe that can be decoded, from which on there is a picture, in seconds.
      type: float
    longest_gap_seconds:
      description: The longest time without any media after the first packet, in seconds.
      type: float
    media_seconds:
      description: How much was seen, in seconds by the stream's own clock.
      type: float
    video:
      description: Its C(codec), and its C(width) and C(height) as the publisher states them, null for HLS.
      type: dict
    audio:
      description: Its C(codec), and its C(sample_rate) as the publisher states it, null for HLS.
      type: dict
    frames:
      description: Video frames seen.
      type: int
    fps:
      description: Video frames per second.
      type: float
    kbps:
      description: Bit rate of the media, in kbit/s.
      type: int
    hls:
      description:
        - Of HLS, C(segments) in the playlist, C(target_seconds), C(sequence) number of its first segment,
          and C(newest_age_seconds), where the playlist or the server dates it.
      type: dict
    ffprobe:
      description: With O(ffprobe), its C(streams) and C(format), or an C(error).
      type: dict
summary:
  description: One line for each URL, to print.
  returned: always
  type: list
  elements: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.livestream.srs.plugins.module_utils._errors import run
from ansible_collections.livestream.srs.plugins.module_utils._flow import stream_info

flow = stream_info.flow


def specification() -> dict[str, Any]:
    return {
        "argument_spec": {
            "urls": {"type": "list", "elements": "str", "required": True},
            "seconds": {"type": "float", "default": 3.0},
            "timeout": {"type": "float", "default": 10.0},
            "stall": {"type": "float", "default": 5.0},
            "must_play": {"type": "bool", "default": False},
            "validate_certs": {"type": "bool", "default": True},
            "ca_cert": {"type": "path"},
            "ffprobe": {"type": "bool", "default": False},
            "ffprobe_path": {"type": "path", "default": "ffprobe"},
        },
        "supports_check_mode": True,
    }


def main() -> None:
    run(AnsibleModule(**specification()), flow)


if __name__ == "__main__":
    main()
