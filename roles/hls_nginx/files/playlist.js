/* GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One window over the playlists of a live stream, whatever server they come from: what a new server cuts is appended to what the one
 * before has cut, behind a discontinuity, and numbers only rise (RFC 8216, section 6.2.2). PURE: text and times in, windows and text
 * out. Written in what njs 0.7.9 and later takes.
 *
 * A segment: {uri, id, seconds, tags, cut, seam, key, map}. `id` is the URI without its query, which a proxy changes all the time;
 * `tags` are the lines that are this segment's alone, `cut` whether there is a discontinuity before it, `seam` whether it was made here,
 * where the server changes; `key` and `map` are the lines that apply to it from earlier on.
 *
 * A window: {segments, first, cuts, target, version, head, span, past, changed, born}. `first` is the media sequence of the first
 * segment, `cuts` the discontinuities that have left; `span` the seconds that a server's own playlist covers; `past` the ids of segments
 * that have left; `changed` when the last segment came, and `born` when this window was made of nothing but a playlist, in ms since the
 * epoch; `misnamed`, which window.js adds, whether SRS calls its playlist STREAM.flv.m3u8.
 */

// What a window can't do justice to, and what has no need of one: it is passed on as it is.
const NOT_LIVE = /^#EXT-X-(STREAM-INF|I-FRAMES-ONLY|ENDLIST|PLAYLIST-TYPE|PART|PART-INF|SKIP|PRELOAD-HINT|SERVER-CONTROL)\b/m;
const OF_SEGMENT = /^#EXT-X-(BYTERANGE|PROGRAM-DATE-TIME|GAP|BITRATE|DATERANGE)\b/;
const OURS = /^#(EXTM3U|EXT-X-(VERSION|TARGETDURATION|MEDIA-SEQUENCE|DISCONTINUITY-SEQUENCE))\b/;
const PAST = 300;
// Below it a sequence is a server's own, which counts from 0 in each of its lives; a window's begins with the time in seconds.
const OF_A_WINDOW = 1000000000;

function number(text) {
    const found = Number(text);
    return isFinite(found) && found >= 0 ? found : 0;
}

function without_query(uri) {
    return uri.split('?')[0];
}

/* The playlist; null if it is not that of a live stream. */
function parse(text) {
    if (text.slice(0, 7) !== '#EXTM3U' || NOT_LIVE.test(text)) {
        return null;
    }
    const list = {sequence: 0, target: 0, version: 3, head: [], segments: []};
    let next = {tags: [], cut: false, seconds: 0};
    let key = [], map = '', keyed = false;
    text.split('\n').forEach((raw) => {
        const line = raw.trim();
        const value = line.slice(line.indexOf(':') + 1);
        if (line === '') {
            return;
        }
        if (line[0] !== '#') {
            const sequence = list.sequence + list.segments.length;
            next.uri = line;
            next.id = without_query(line);
            next.key = key.map((one) => with_vector(one, sequence));
            next.map = map;
            list.segments.push(next);
            next = {tags: [], cut: false, seconds: 0};
            keyed = false;
        } else if (line.indexOf('#EXTINF:') === 0) {
            next.seconds = number(value.split(',')[0]);
            next.tags.push(line);
        } else if (line === '#EXT-X-DISCONTINUITY') {
            next.cut = true;
        } else if (line.indexOf('#EXT-X-KEY:') === 0) {
            // Several in a row are one key in several formats.
            key = (keyed ? key : []).concat(/METHOD=NONE/.test(value) ? [] : [line]);
            keyed = true;
        } else if (line.indexOf('#EXT-X-MAP:') === 0) {
            map = line;
        } else if (line.indexOf('#EXT-X-MEDIA-SEQUENCE:') === 0) {
            list.sequence = number(value);
        } else if (line.indexOf('#EXT-X-TARGETDURATION:') === 0) {
            list.target = number(value);
        } else if (line.indexOf('#EXT-X-VERSION:') === 0) {
            list.version = number(value);
        } else if (OF_SEGMENT.test(line)) {
            next.tags.push(line);
        } else if (line.indexOf('#EXT') === 0 && !OURS.test(line)) {
            list.head.push(line);
        }
    });
    return list;
}

/* A key without a vector takes the media sequence for one (section 5.2), which is another one here. */
function with_vector(key, sequence) {
    if (/[:,]IV=/.test(key) || !/METHOD=AES-128/.test(key)) {
        return key;
    }
    const digits = sequence.toString(16);
    return key + ',IV=0x' + '0'.repeat(32 - digits.length) + digits;
}

/* When SRS began a segment, in ms, by the time that it has in its name; 0 if it has none. */
function stamp(segment) {
    const found = segment.id.match(/(\d{13})[^\/]*$/);
    return found ? Number(found[1]) : 0;
}

/* The media sequence of a window's last segment; -1 without a window. */
function last(window) {
    return window ? window.first + window.segments.length - 1 : -1;
}

/* Whether the last segment of a playlist was begun after that of a window. */
function is_newer(list, window) {
    return stamp(newest(list)) > stamp(newest(window));
}

/* The last segment of a window or of a playlist that has any. */
function newest(list) {
    return list.segments[list.segments.length - 1];
}

function seconds(segments) {
    return segments.reduce((sum, segment) => sum + segment.seconds, 0);
}

/* Whether the last segment of a window is older than a window is that goes on. */
function is_stale(window, now) {
    return now - window.changed > 1500 * window.target;
}

/* What a playlist has beyond a window: {segments, follows}, `follows` if it goes on where the window ends. */
function beyond(window, list, now) {
    const known = {};
    window.past.forEach((id) => { known[id] = true; });
    window.segments.forEach((segment) => { known[segment.id] = true; });
    let from = list.segments.length;
    while (from > 0 && known[list.segments[from - 1].id] !== true) {
        from -= 1;
    }
    const segments = list.segments.slice(from);
    if (!segments.length || (from > 0 && list.segments[from - 1].id === newest(window).id)) {
        return {segments: segments, follows: true};
    }
    // A server of before, which cuts its last one or has left its playlist behind. Clocks of nodes differ: a window that nobody goes on
    // with takes what it has never seen.
    const time = stamp(segments[segments.length - 1]);
    const of_before = time > 0 && time <= stamp(newest(window)) && (from > 0 || !is_stale(window, now));
    return {segments: of_before ? [] : segments, follows: false};
}

/* Whether a playlist has nothing in common with a window: a new server cuts it, or nobody has asked for a long time. */
function is_new(window, list, now) {
    return beyond(window, list, now).segments.length === list.segments.length;
}

/* A window from a playlist alone. `time` is when its last segment came. */
function begin(list, time, now) {
    return {
        segments: list.segments, first: list.sequence >= OF_A_WINDOW ? list.sequence : Math.floor(now / 1000), cuts: 0,
        target: longest(list.target, list.segments), version: list.version, head: list.head, span: seconds(list.segments), past: [],
        changed: time, born: now
    };
}

/* The window that follows from a window and the playlist of now; the same one if there is nothing new. `time` is when its last segment
 * came.
 */
function merge(window, list, time, now) {
    const found = beyond(window, list, now);
    if (!found.segments.length) {
        return window;
    }
    const added = found.segments.slice();
    if (!found.follows) {
        added[0] = Object.assign({}, added[0], {cut: true, seam: true});
    }
    const all = window.segments.concat(added);
    const made = Object.assign({}, window, {
        segments: all, target: longest(Math.max(window.target, list.target), added), version: Math.max(window.version, list.version),
        head: list.head, past: window.past.slice(), changed: Math.max(window.changed, time)
    });
    if (!made.segments.some((segment, index) => index > 0 && segment.seam)) {
        made.span = seconds(list.segments);
    }
    return trimmed(made);
}

function longest(target, segments) {
    return segments.reduce((most, segment) => Math.max(most, Math.round(segment.seconds)), Math.max(1, Math.ceil(target)));
}

/* Without the oldest segments, as far as what is left covers what the server's own playlist did, and three times the target duration. */
function trimmed(window) {
    const least = Math.max(window.span, 3 * window.target);
    let total = seconds(window.segments);
    let gone = 0;
    while (gone < window.segments.length - 1 && total - window.segments[gone].seconds >= least - 0.001) {
        total -= window.segments[gone].seconds;
        window.cuts += window.segments[gone].cut ? 1 : 0;
        window.past.push(window.segments[gone].id);
        gone += 1;
    }
    window.segments = window.segments.slice(gone);
    window.first += gone;
    window.past = window.past.slice(-PAST);
    return window;
}

/* The playlist of a window, as players get it. */
function render(window) {
    const lines = ['#EXTM3U', '#EXT-X-VERSION:' + window.version].concat(window.head);
    lines.push('#EXT-X-MEDIA-SEQUENCE:' + window.first);
    if (window.cuts) {
        lines.push('#EXT-X-DISCONTINUITY-SEQUENCE:' + window.cuts);
    }
    lines.push('#EXT-X-TARGETDURATION:' + window.target);
    let key = '', map = '';
    window.segments.forEach((segment) => {
        const keys = segment.key.join('\n');
        if (segment.cut) {
            lines.push('#EXT-X-DISCONTINUITY');
        }
        if (keys !== key) {
            lines.push(keys || '#EXT-X-KEY:METHOD=NONE');
            key = keys;
        }
        if (segment.map !== map || (segment.map && segment.cut)) {
            lines.push(segment.map);
            map = segment.map;
        }
        segment.tags.forEach((tag) => { lines.push(tag); });
        lines.push(segment.uri);
    });
    return lines.join('\n') + '\n';
}

export default {parse, last, newest, is_new, is_newer, is_stale, begin, merge, render};
