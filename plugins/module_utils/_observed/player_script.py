# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The script by which the status page plays streams.

Browsers that play HLS by themselves do so. HTTP-FLV is played by Media Source Extensions: frames go from FLV to fragmented MP4
as they are, without being decoded. See ISO/IEC 14496-12, -14 and -15 for MP4, https://veovera.org/docs/enhanced/enhanced-rtmp-v2 for FLV.
"""

from __future__ import annotations

PLAYER_SCRIPT = r"""
{
const KEPT = 10;     // seconds of what has arrived that stay in memory, and the rest of the group of pictures that they begin in
const BEHIND = 4;    // so many seconds behind what has arrived it jumps ahead
const SILENCE = 10;  // seconds without a new picture until it says so

// MP4: a file of one track, its times in milliseconds.

const join = (...parts) => {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};
const u16 = (...numbers) => numbers.flatMap(n => [n >> 8 & 255, n & 255]);
const u32 = (...numbers) => numbers.flatMap(n => [n >>> 24, n >> 16 & 255, n >> 8 & 255, n & 255]);
const zeros = length => new Uint8Array(length);
const ascii = text => Array.from(text, letter => letter.charCodeAt());
const hex = bytes => Array.from(bytes, byte => byte.toString(16).padStart(2, "0"));
const box = (type, ...parts) => {
  const content = join(...parts);
  return join(u32(content.length + 8), ascii(type), content);
};
const MATRIX = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);

const pictures = ({sample, record, config}, width, height) =>
  box(sample, zeros(6), u16(1), zeros(16), u16(width, height), u32(0x480000, 0x480000, 0), u16(1), zeros(32), u16(24, 0xffff),
    box(record, config));

// Sample rate and channels are in the config of AAC; those of the sample entry count for nothing.
const sound = ({config}) => {
  const decoder = [0x40, 0x15, ...zeros(11), 5, config.length, ...config];
  const descriptors = [3, decoder.length + 8, 0, 0, 0, 4, decoder.length, ...decoder, 6, 1, 2];
  return box("mp4a", zeros(6), u16(1), zeros(8), u16(2, 16, 0, 0, 44100, 0), box("esds", u32(0), descriptors));
};

const beginning = (format, width, height) => {
  const video = format.kind === "video";
  const table = box("stbl", box("stsd", u32(0, 1), video ? pictures(format, width, height) : sound(format)),
    box("stts", u32(0, 0)), box("stsc", u32(0, 0)), box("stsz", u32(0, 0, 0)), box("stco", u32(0, 0)));
  const media = box("mdia", box("mdhd", u32(0, 0, 0, 1000, 0), u16(0x55c4, 0)),
    box("hdlr", u32(0, 0), ascii(video ? "vide" : "soun"), zeros(13)),
    box("minf", video ? box("vmhd", u32(1, 0, 0)) : box("smhd", u32(0, 0)), box("dinf", box("dref", u32(0, 1), box("url ", u32(1)))),
      table));
  const track = box("trak", box("tkhd", u32(3, 0, 0, 1, 0, 0, 0, 0), u16(0, 0, video ? 0 : 0x100, 0), MATRIX,
    video ? u32(width * 65536, height * 65536) : u32(0, 0)), media);
  return join(box("ftyp", ascii("iso5"), u32(0), ascii("iso5")),
    box("moov", box("mvhd", u32(0, 0, 0, 1000, 0, 0x10000), u16(0x100), zeros(10), MATRIX, zeros(24), u32(2)),
      track, box("mvex", box("trex", u32(0, 1, 1, 0, 0, 0)))));
};

const fragment = frames => {
  const [{time}] = frames;
  const rows = frames.map(frame => u32(frame.duration, frame.data.length, frame.key ? 0x02000000 : 0x01010000, frame.shift));
  return join(
    box("moof", box("mfhd", u32(0, 1)), box("traf", box("tfhd", u32(0x020000, 1)), box("tfdt", u32(0x01000000, time / 2 ** 32, time)),
      box("trun", u32(0x01000f01, frames.length, 96 + 16 * frames.length), ...rows))),
    box("mdat", ...frames.map(frame => frame.data)));
};

// FLV: tags of pictures, of sound and of metadata.

const hevc = config => {
  let compatible = 0;
  for (let bit = 0; bit < 32; bit++) if (config[2 + (bit >> 3)] & 128 >> (bit & 7)) compatible += 2 ** bit;
  const constraints = hex(config.subarray(6, 12)).join(".").replace(/(\.00)+$/, "");
  const profile = `${["", "A", "B", "C"][config[1] >> 6]}${config[1] & 31}`, tier = config[1] & 32 ? "H" : "L";
  return `${profile}.${compatible.toString(16)}.${tier}${config[12]}.${constraints}`;
};
const av1 = config => {
  const depth = config[2] & 64 ? config[2] & 32 ? "12" : "10" : "08";
  return `${config[1] >> 5}.${String(config[1] & 31).padStart(2, "0")}${config[2] & 128 ? "H" : "M"}.${depth}`;
};
const PICTURES = {
  avc1: {title: "H.264", record: "avcC", codec: config => hex(config.subarray(1, 4)).join("")},
  hvc1: {title: "H.265", record: "hvcC", codec: hevc},
  av01: {title: "AV1", record: "av1C", codec: av1},
};
const PICTURES_BY_NUMBER = {7: "avc1", 12: "hvc1"};
const SOUND_BY_NUMBER = {2: "MP3", 7: "G.711", 8: "G.711", 11: "Speex", 13: "Opus", 14: "MP3"};

// What a tag holds: a format, which has a title, or a frame, which has data; null if it is neither.
const ofVideo = bytes => {
  const enhanced = bytes[0] & 128, key = (bytes[0] >> 4 & 7) === 1, command = (bytes[0] >> 4 & 7) === 5;
  const sample = enhanced ? String.fromCharCode(...bytes.subarray(1, 5)) : PICTURES_BY_NUMBER[bytes[0] & 15];
  const known = PICTURES[sample], packet = enhanced ? bytes[0] & 15 : bytes[1];
  if (command) return null;
  if (!known) return {kind: "video", title: enhanced ? sample : `number ${bytes[0] & 15}`, mime: ""};
  if (packet === 0) {
    const config = bytes.slice(5), mime = `video/mp4; codecs="${sample}.${known.codec(config)}"`;
    return {kind: "video", title: known.title, sample, record: known.record, config, mime};
  }
  if (packet !== 1 && !(enhanced && packet === 3)) return null;
  const shifts = packet === 1 && sample !== "av01", at = enhanced ? 5 : 2;
  const shift = shifts ? (bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8) >> 8 : 0;
  return {kind: "video", key, shift, data: bytes.slice(shifts ? at + 3 : at)};
};
const ofAudio = bytes => {
  const number = bytes[0] >> 4;
  if (number !== 10) return {kind: "audio", title: SOUND_BY_NUMBER[number] ?? `number ${number}`, mime: ""};
  if (bytes[1] !== 0) return {kind: "audio", key: true, shift: 0, data: bytes.slice(2)};
  return {kind: "audio", title: "AAC", config: bytes.slice(2), mime: `audio/mp4; codecs="mp4a.40.${bytes[2] >> 3}"`};
};
// A number of the metadata, which are names with values; 0 if it is not there.
const ofMetadata = (bytes, name) => {
  const at = String.fromCharCode(...bytes.subarray(0, 10000)).indexOf(`\0${String.fromCharCode(name.length)}${name}\0`) + name.length + 3;
  return at < name.length + 3 || at + 8 > bytes.length ? 0 : new DataView(bytes.buffer, bytes.byteOffset + at).getFloat64(0);
};

class Trouble extends Error {}

// Puts what arrives in FLV into the source buffers of a video.
class Flv {
  rest = new Uint8Array();
  begun = false;       // the header of the file is read
  size = [640, 360];   // until the metadata tell
  tracks = {};         // by kind: what is yet to be appended, formats and frames, and the buffer
  running = false;     // it is known which tracks there are
  base = null;         // what is taken from times, which begin anywhere and may jump
  time = 1000;
  keys = [];           // seconds at which groups of pictures begin
  note = "";

  constructor(video) {
    this.video = video;
  }

  async play(response) {
    this.source = new MediaSource();
    const address = URL.createObjectURL(this.source);
    show(this.video, address);
    await new Promise(resolve => this.source.addEventListener("sourceopen", resolve, {once: true}));
    URL.revokeObjectURL(address);
    const reader = response.body.getReader();
    for (;;) {
      const {value, done} = await reader.read();
      if (done) throw new Trouble("The stream has ended.");
      this.rest = join(this.rest, value);
      this.read();
      if (!this.running) this.begin();
      if (this.running) await this.append();
      await this.follow();
    }
  }

  read() {
    const bytes = this.rest;
    if (!this.begun && bytes.length > 2 && String.fromCharCode(...bytes.subarray(0, 3)) !== "FLV") {
      throw new Trouble("What the server sends is no FLV.");
    }
    let at = this.begun ? 0 : 13;
    while (bytes.length >= at + 11) {
      const end = at + 15 + (bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]);
      if (bytes.length < end) break;
      const time = (bytes[at + 7] << 24 | bytes[at + 4] << 16 | bytes[at + 5] << 8 | bytes[at + 6]) >>> 0;
      this.tag(bytes[at] & 31, time, bytes.subarray(at + 11, end - 4));
      this.begun = true;
      at = end;
    }
    if (this.begun) this.rest = bytes.subarray(at);
  }

  tag(type, time, bytes) {
    if (type === 18) this.size = [ofMetadata(bytes, "width") || this.size[0], ofMetadata(bytes, "height") || this.size[1]];
    const item = type === 9 && bytes.length > 4 ? ofVideo(bytes) : type === 8 && bytes.length > 2 ? ofAudio(bytes) : null;
    if (!item || item.data?.length === 0) return;
    const track = this.tracks[item.kind];
    if (!item.data) this.format(track, item);
    // A decoder begins with a key frame.
    else if (track?.format.playable && (track.time || item.key)) {
      item.time = track.time = Math.max(this.rebased(time), (track.time ?? 0) + 1);
      if (item.kind === "video" && item.key) this.keys.push(item.time / 1000);
      track.queue.push(item);
    }
  }

  format(track, item) {
    if (track && track.format.mime === item.mime && String(track.format.config) === String(item.config)) return;
    item.playable = item.mime !== "" && MediaSource.isTypeSupported(item.mime);
    if (!item.playable && (item.kind === "video" || track?.buffer)) {
      throw new Trouble(`This browser can't play ${item.title} ${item.kind}: use a player such as VLC.`);
    }
    if (!item.playable) this.note = `Without sound: this browser can't play ${item.title}.`;
    if (this.running && !track) {
      this.note ||= `The stream has ${item.kind} now: close and play it again.`;
      return;
    }
    if (track) track.format = item;
    else this.tracks[item.kind] = {format: item, queue: []};
    if (item.playable) this.tracks[item.kind].queue.push(item);
  }

  rebased(time) {
    this.base ??= time - this.time;
    if (Math.abs(time - this.base - this.time) > 5000) this.base = time - this.time - 20;
    return this.time = Math.max(0, time - this.base);
  }

  // Once a video plays it gets no further track. Formats come first, but not all that are announced have frames.
  begin() {
    const known = Object.values(this.tracks).filter(track => track.format.playable);
    const framed = known.filter(track => track.time);
    if (!framed.length) return;
    const span = Math.max(...framed.map(track => track.time - track.queue.find(item => item.data).time));
    if (span < (framed.length < known.length ? 10000 : Object.keys(this.tracks).length < 2 ? 1000 : 0)) return;
    for (const track of known) {
      if (framed.includes(track)) track.buffer = this.source.addSourceBuffer(track.format.mime);
      else this.note ||= `The stream announces ${track.format.kind} and sends none.`;
    }
    this.tracks = Object.fromEntries(Object.entries(this.tracks).filter(([, track]) => track.buffer));
    this.running = true;
  }

  async append() {
    for (const {queue, buffer} of Object.values(this.tracks)) {
      // How long a frame lasts is known when the next one is there.
      const frames = queue.filter(item => item.data);
      frames.forEach((frame, index) => { frame.duration = frames[index + 1]?.time - frame.time; });
      const items = queue.splice(0, queue.indexOf(frames.at(-1)));
      while (items.length) {
        if (!items[0].data) {
          const format = items.shift();
          buffer.changeType(format.mime);
          await updated(buffer, () => buffer.appendBuffer(beginning(format, ...this.size)));
        } else {
          const next = items.findIndex(item => !item.data);
          await updated(buffer, () => buffer.appendBuffer(fragment(items.splice(0, next < 0 ? items.length : next))));
        }
      }
    }
  }

  // Stay near what has arrived, and forget what is long past.
  async follow() {
    const {buffered} = this.video;
    if (!buffered.length) return;
    const start = buffered.start(buffered.length - 1), end = buffered.end(buffered.length - 1);
    jump(this.video, start, end, BEHIND, 1);
    const past = this.tracks.video ? this.keys.findLast(key => key <= end - KEPT) ?? 0 : end - KEPT;
    if (past - buffered.start(0) < 1) return;
    this.keys = this.keys.filter(key => key >= past);
    for (const {buffer} of Object.values(this.tracks)) await updated(buffer, () => buffer.remove(0, past));
  }
}

const updated = (buffer, act) => new Promise((resolve, reject) => {
  Object.assign(buffer, {onupdateend: resolve, onerror: reject});
  act();
});

// Playing begins when there is something to play; what keeps it from that is told by the video.
const show = (video, address) => {
  Object.assign(video, {src: address});
  video.play().catch(() => {});
};

const jump = (video, start, end, limit, distance) => {
  if (video.paused || video.seeking || (video.currentTime >= start && end - video.currentTime <= limit)) return;
  video.currentTime = Math.max(start, end - distance);
};

const ask = async (url, signal) => {
  const response = await fetch(url, {signal, cache: "no-store"}).catch(error => {
    throw signal.aborted ? error : new Trouble(`No answer from ${new URL(url).host} that this page may read: the server can't be reached ` +
      "from here, its certificate is not trusted, or it does not let pages of other sites in (CORS).");
  });
  if (response.ok) return response;
  throw new Trouble(response.status === 404 ? "The server does not have the stream (404)."
    : `The server does not send the stream (${response.status} ${response.statusText}).`);
};

const unplayable = reason => `This browser can't play it: ${reason || "it does not say why"}.`;

// HLS, which the browser plays by itself.
const playHls = async (video, url, signal) => {
  const failed = new Promise(resolve => video.addEventListener("error", resolve, {once: true, signal}));
  show(video, url);
  await failed;
  const {message} = video.error;
  await ask(url, signal);
  throw new Trouble(unplayable(message));
};

// The page: one player for each host's streams, and one of them plays.

const native = document.createElement("video").canPlayType("application/vnd.apple.mpegurl") !== "";
const obstacle = ({value, dataset}) =>
  location.protocol === "https:" && value.startsWith("http:")
    ? "This page came by https, so the browser lets it load nothing by http: open it as a file, or use a player such as VLC."
  : dataset.protocol === "hls" && !native ? "This browser plays no HLS by itself: choose HTTP-FLV, or use a player such as VLC."
  : dataset.protocol === "flv" && !window.MediaSource
    ? "This browser has no Media Source Extensions, which HTTP-FLV needs: choose HLS, or use a player such as VLC."
  : "";
let playing = null;

const stop = () => {
  playing.abort.abort();
  clearInterval(playing.timer);
  playing.video.removeAttribute("src");
  playing.video.load();
};

const start = () => {
  const {button, panel, video, select} = playing, option = select.selectedOptions[0], abort = new AbortController();
  const url = option.value + button.dataset.path + option.dataset.suffix + button.dataset.query;
  const say = text => { if (!abort.signal.aborted && status.textContent !== text) status.textContent = text; };
  const status = panel.querySelector("[role=status]"), flv = new Flv(video);
  const doubt = url.includes("%") ? "SRS does not find streams whose names a URL must encode." : "is the stream being published?";
  panel.querySelector("code").textContent = url;
  status.textContent = "Connecting …";
  let seen = 0, since = Date.now(), distance = 0;
  const timer = setInterval(() => {
    const moves = video.currentTime !== seen;
    if (moves || (video.paused && video.readyState > 1)) since = Date.now();
    seen = video.currentTime;
    if (moves) say(flv.note);
    else if (Date.now() - since > 1000 * SILENCE) say(`Nothing to show for ${SILENCE} seconds: ${doubt}`);
    if (moves && option.dataset.protocol === "hls" && video.seekable.length && Number.isFinite(video.seekable.end(0))) {
      distance ||= video.seekable.end(0) - seen;
      jump(video, video.seekable.start(0), video.seekable.end(0), distance + 10, distance);
    }
  }, 1000);
  Object.assign(playing, {abort, timer});
  const reason = obstacle(option);
  const work = reason ? Promise.reject(new Trouble(reason)) : option.dataset.protocol === "hls" ? playHls(video, url, abort.signal)
    : ask(url, abort.signal).then(response => flv.play(response));
  work.catch(async error => {
    clearInterval(timer);
    // What it could not decode the video tells a moment later.
    if (!(error instanceof Trouble)) await new Promise(resolve => setTimeout(resolve, 100));
    say(error instanceof Trouble ? error.message : unplayable(video.error?.message || error.message));
    abort.abort();
  });
};

const label = (button, word, expanded) => {
  button.textContent = word;
  button.setAttribute("aria-label", `${word} ${button.dataset.name}`);
  button.setAttribute("aria-expanded", expanded);
};

const close = () => {
  if (!playing) return;
  const {button, panel} = playing;
  stop();
  if (panel.contains(document.activeElement)) button.focus();
  panel.hidden = true;
  label(button, "Play", false);
  playing = null;
};

const open = button => {
  const panel = button.closest("section").querySelector(".player"), select = panel.querySelector("select");
  playing = {button, panel, select, video: panel.querySelector("video")};
  panel.querySelector("b").textContent = button.dataset.name;
  panel.hidden = false;
  label(button, "Stop", true);
  const options = [...select.options].filter(option => !obstacle(option));
  (options.find(option => option.dataset.protocol === "hls") ?? options[0] ?? select.options[0]).selected = true;
  start();
  panel.scrollIntoView({block: "nearest"});
};

document.addEventListener("click", event => {
  const button = event.target.closest("button.play, button.close");
  if (!button) return;
  const again = button === playing?.button;
  close();
  if (button.matches(".play") && !again) open(button);
});
document.addEventListener("keydown", event => {
  if (event.key === "Escape") close();
});
document.addEventListener("change", event => {
  if (!event.target.matches(".player select")) return;
  stop();
  start();
});
}
""".rstrip()
