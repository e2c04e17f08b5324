/* GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Players' playlists: from what SRS has now, what this pod has held, and, where these don't tell enough, what the other pods have.
 * Windows are kept in files, so that all workers have the same, and a container that starts again, too. nginx asks once a second for
 * each stream at most.
 */

import crypto from 'crypto';
import fs from 'fs';
import playlist from 'playlist.js';

const TYPE = 'application/vnd.apple.mpegurl';
// How long a window that was made of nothing but a playlist looks for another pod's, which was made at the same moment.
const YOUNG_MS = 5000;
const ROUNDS = 3;
const PATIENCE_MS = 1000;
const FETCH_MS = 2000;
// How long windows are kept beyond the hold, so that a stream that comes back goes on where it ended.
const KEPT_MS = 3600000;
const SWEEP_EVERY_MS = 60000;

let swept = 0;

function hold_ms(r) {
    return Number(r.variables.hold_seconds) * 1000;
}

/* The path of a segment, as nginx knows it: not encoded. */
function path_of(id, folder) {
    let name = id;
    try {
        name = decodeURIComponent(id);
    } catch (error) {
        // SRS writes the names of streams as they are.
    }
    return name[0] === '/' ? name : folder + name;
}

function file_of(r, path) {
    return r.variables.windows + '/' + crypto.createHash('sha1').update(path).digest('hex') + '.json';
}

function load(r, path) {
    try {
        return JSON.parse(fs.readFileSync(file_of(r, path), 'utf8'));
    } catch (error) {
        return null;
    }
}

function save(r, path, window) {
    const file = file_of(r, path);
    const made = file + '.' + process.pid;
    try {
        if (!exists(r.variables.windows)) {
            fs.mkdirSync(r.variables.windows);
        }
        fs.writeFileSync(made, JSON.stringify(window));
        fs.renameSync(made, file);
        sweep(r);
    } catch (error) {
        r.error('the window of ' + path + ' could not be kept: ' + error.message);
    }
}

function exists(path) {
    try {
        fs.accessSync(path);
        return true;
    } catch (error) {
        return false;
    }
}

/* Removes the windows of streams that ended long ago. */
function sweep(r) {
    const now = Date.now();
    if (now - swept < SWEEP_EVERY_MS) {
        return;
    }
    swept = now;
    fs.readdirSync(r.variables.windows).forEach((name) => {
        const file = r.variables.windows + '/' + name;
        try {
            if (now - fs.statSync(file).mtimeMs > hold_ms(r) + KEPT_MS) {
                fs.unlinkSync(file);
            }
        } catch (error) {
            // Another worker was faster.
        }
    });
}

/* What SRS has now: {status, text, list, time}; of segments that the window lacks, those that are here from now on, whatever becomes of
 * SRS.
 */
async function read(r, path, window) {
    const reply = await r.subrequest('/source' + path, {args: r.variables.args || ''});
    const text = reply.status === 200 ? reply.responseText : '';
    const modified = Date.parse(reply.headersOut['Last-Modified'] || '');
    const list = text ? playlist.parse(text) : null;
    const source = {status: reply.status, text: text, list: list, time: isFinite(modified) ? modified : Date.now()};
    if (has_segments(source)) {
        const segments = await kept(r, path, window, source.list.segments);
        source.list.sequence += segments.length ? source.list.segments.indexOf(segments[0]) : 0;
        source.list.segments = segments;
    }
    return source;
}

/* Fetches the segments that the window lacks, and leaves out those that don't come in time: no playlist names what nobody has. */
async function kept(r, path, window, segments) {
    const folder = path.slice(0, path.lastIndexOf('/') + 1);
    const here = {};
    (window ? window.segments : []).forEach((segment) => { here[segment.id] = true; });
    (window ? window.past : []).forEach((id) => { here[id] = true; });
    const fetches = segments.filter((segment) => !here[segment.id]).map((segment) => {
        if (segment.id.indexOf('://') > 0) {
            here[segment.id] = true;
            return Promise.resolve();
        }
        // nginx asks for all of it, and keeps it.
        const asked = {method: 'HEAD', args: segment.uri.split('?')[1] || ''};
        return r.subrequest(path_of(segment.id, folder), asked).then((reply) => { here[segment.id] = reply.status === 200; });
    });
    if (fetches.length) {
        let timer = null;
        const late = new Promise((resolve) => { timer = setTimeout(resolve, FETCH_MS); });
        await Promise.race([Promise.all(fetches), late]);
        clearTimeout(timer);
    }
    return segments.filter((segment) => here[segment.id]);
}

/* What SRS has now under the name of the playlist, or under the wrong one, if that goes on with the stream: up to 6.0.157 and 7.0.18 it
 * calls files STREAM.flv.m3u8 when a player of HTTP-FLV has come before the publisher, and not only after a restart
 * (https://github.com/ossrs/srs/issues/4215).
 */
async function from_source(r, path, window) {
    const names = [path, path.replace(/\.m3u8$/, '.flv.m3u8')];
    const usual = window && window.misnamed ? 1 : 0;
    const source = await read(r, names[usual], window);
    source.misnamed = usual === 1;
    if (is_going_on(r, window, source) || (source.text && !source.list)) {
        return source;
    }
    const other = await read(r, names[1 - usual], window);
    other.misnamed = usual === 0;
    if (!has_segments(other)) {
        return source;
    }
    const goes_on = window ? playlist.is_newer(other.list, window) : !has_segments(source) || other.time > source.time;
    return goes_on ? other : source;
}

/* Whether there is something new, or was a moment ago. */
function is_going_on(r, window, source) {
    const now = Date.now();
    if (!window || !has_segments(source)) {
        return has_segments(source) && now - source.time <= hold_ms(r);
    }
    return !playlist.is_stale(window, now) || with_source(window, source, now) !== window;
}

function has_segments(source) {
    return Boolean(source.list) && source.list.segments.length > 0;
}

/* What another pod has that goes on after this window: {window} of its own, or {list}, what its SRS has now. Null if there is none.
 * `asked` is 1 if it is asked on behalf of one that asks: it asks nobody itself.
 */
async function from_peers(r, path, window, asked) {
    const reply = await r.subrequest('/ask' + path, {args: 'after=' + playlist.last(window) + '&asked=' + asked});
    if (reply.status !== 200) {
        return null;
    }
    const found = JSON.parse(reply.responseText);
    if (found.window) {
        // Clocks of nodes differ: how long ago it was is what both agree on.
        found.window = Object.assign(found.window, {changed: Date.now() - found.age, born: 0});
    }
    return found;
}

/* The window that goes on from a window with what SRS has. */
function with_source(window, source, now) {
    const next = with_list(window, source.list, source.time, now);
    return next === window ? window : Object.assign(next, {misnamed: Boolean(source.misnamed)});
}

/* The window that goes on from a window with a playlist of SRS. */
function with_list(window, list, time, now) {
    if (!list || !list.segments.length) {
        return window;
    }
    const came = Math.min(time, now);
    return window ? playlist.merge(window, list, came, now) : playlist.begin(list, came, now);
}

/* Whether a server cuts the stream that the window doesn't know. All pods must append its segments to the same last one. */
function is_seam(window, source) {
    return Boolean(window) && has_segments(source) && playlist.is_new(window, source.list, Date.now());
}

/* Whether a window and what follows from it here may not be all that there is. */
function wants_peers(window, merged, source, now) {
    if (!window || now - window.born < YOUNG_MS || is_seam(window, source)) {
        return true;
    }
    // What goes on with the stream is another pod's server, or none.
    return !has_segments(source) || playlist.newest(merged).id !== playlist.newest(source.list).id || playlist.is_stale(merged, now);
}

async function with_peers(r, path, window, asked) {
    const end = Date.now() + PATIENCE_MS;
    for (let round = 0; round < ROUNDS && Date.now() < end; round++) {
        const found = await from_peers(r, path, window, asked);
        const next = !found ? window : found.window || with_list(window, found.list, Date.now(), Date.now());
        if (next === window) {
            break;
        }
        window = next;
    }
    return window;
}

/* A player's playlist. */
async function play(r) {
    const path = r.variables.stream;
    const held = load(r, path);
    const source = await from_source(r, path, held);
    if (source.text && !source.list) {
        answer(r, 200, source.text);
        return;
    }
    let now = Date.now();
    let window = with_source(held, source, now);
    if (wants_peers(held, window, source, now)) {
        const theirs = await with_peers(r, path, held, 0);
        if (theirs !== held) {
            await kept(r, path, held, theirs.segments);
        }
        now = Date.now();
        window = with_source(theirs, source, now);
    }
    if (!window || now - window.changed > hold_ms(r)) {
        answer(r, !window && source.status >= 500 ? source.status : 404, '');
        return;
    }
    if (window !== held) {
        save(r, path, window);
    }
    r.headersOut['Last-Modified'] = new Date(window.changed).toUTCString();
    answer(r, 200, playlist.render(window));
}

/* What another pod asks: what is here, if it goes on after the sequence that the other has. */
async function tell(r) {
    const path = r.variables.stream;
    const after = Number(r.args.after);
    if (r.headersIn['X-From'] === r.variables.pod) {
        r.return(404);
        return;
    }
    const asked = r.args.asked === '1';
    const held = load(r, path);
    const source = await from_source(r, path, held);
    // Without a window here none begins: it would not go on from the other's.
    const seam = held && is_seam(held, source);
    let window = held;
    if (seam && !asked) {
        window = await with_peers(r, path, held, 1);
    }
    const now = Date.now();
    if (held && !(seam && asked)) {
        window = with_source(window, source, now);
    }
    if (window !== held) {
        save(r, path, window);
    }
    let found = null;
    if (window && now - window.changed <= hold_ms(r) && playlist.last(window) > after) {
        found = {age: now - window.changed, window: window};
    } else if (!window && has_segments(source) && r.variables.own_media === 'on') {
        found = {list: source.list};
    }
    r.headersOut['Content-Type'] = 'application/json';
    r.return(found ? 200 : 404, JSON.stringify(found));
}

function answer(r, status, text) {
    r.headersOut['Content-Type'] = TYPE;
    if (status === 200) {
        // nginx counts whole seconds: until the end of the one in which it is due.
        r.headersOut['X-Accel-Expires'] = '@' + (Math.floor(Date.now() / 1000) + Number(r.variables.playlist_seconds) - 1);
    }
    r.return(status, text);
}

export default {play, tell};
