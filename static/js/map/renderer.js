// Draws points with WebGL2: two sets of Int16 positions on the GPU and a mix between them, so that levels morph. The
// map has filled points, and over them hollow ones.

const MOST_LANGUAGES = 66;

const VERTEX = `#version 300 es
layout(location = 0) in vec2 before;
layout(location = 1) in vec2 after;
layout(location = 2) in uint language;
layout(location = 3) in uint chosen;
uniform float t, size, opacity;
uniform vec2 scale, shift;
uniform bool dimPass;
uniform vec4 entries[${MOST_LANGUAGES}];  // red, green, blue, shape + 16 where the entry is lit
uniform vec3 grey;
out vec4 colour;
flat out int shape;
void main() {
  vec4 entry = entries[language];
  bool lit = entry.a >= 16.0 && chosen == 1u;
  shape = int(mod(entry.a, 16.0) + 0.5);
  colour = lit ? vec4(entry.rgb, opacity) : vec4(grey, 0.15);
  vec2 place = mix(before, after, t) * scale + shift;
  gl_Position = lit == dimPass ? vec4(9.0, 9.0, 9.0, 1.0) : vec4(place, 0.0, 1.0);
  gl_PointSize = size;
}`;

const FRAGMENT = `#version 300 es
precision highp float;
in vec4 colour;
flat in int shape;
uniform float size;
uniform bool hollow;
out vec4 pixel;
float edge(vec2 p) {  // below 0 inside; all shapes have about the same area
  vec2 q = abs(p);
  if (shape == 1) return max(q.x * 0.83 + p.y * 0.55 - 0.46, -p.y - 0.62);
  if (shape == 2) return max(q.x, q.y) - 0.62;
  if (shape == 3) return (q.x + q.y - 0.9) * 0.75;
  if (shape == 4) return min(max(q.x - 0.3, q.y - 0.86), max(q.x - 0.86, q.y - 0.3));
  if (shape == 5) {
    float turn = abs(mod(atan(p.x, p.y) / 1.2566371 + 0.5, 1.0) - 0.5) * 2.0;
    return (length(p) - mix(0.98, 0.42, turn)) * 0.6;
  }
  return length(p) - 0.7;
}
void main() {
  vec2 p = vec2(gl_PointCoord.x, 1.0 - gl_PointCoord.y) * 2.0 - 1.0;
  float soft = 2.0 / size, line = 0.14;
  float far = hollow ? abs(edge(p) + line) - line : edge(p);
  float cover = clamp(0.5 - far / soft, 0.0, 1.0);
  if (cover <= 0.0) discard;
  pixel = vec4(colour.rgb, 1.0) * (colour.a * cover);
}`;

function compile(gl, kind, source) {
  const shader = gl.createShader(kind);
  gl.shaderSource(shader, source);
  gl.compileShader(shader);
  return shader;
}

// The buffers of one set of points.
class Cloud {
  count = 0;

  constructor(gl) {
    this.gl = gl;
    this.buffers = [0, 1, 2, 3].map(() => gl.createBuffer());
    this.array = gl.createVertexArray();
    gl.bindVertexArray(this.array);
    this.buffers.forEach((buffer, place) => {
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.enableVertexAttribArray(place);
      if (place < 2) gl.vertexAttribPointer(place, 2, gl.SHORT, true, 0, 0);
      else gl.vertexAttribIPointer(place, 1, gl.UNSIGNED_BYTE, 0, 0);
    });
  }

  upload(place, data) {
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, this.buffers[place]);
    this.gl.bufferData(this.gl.ARRAY_BUFFER, data, this.gl.DYNAMIC_DRAW);
  }

  // Int16Array pairs; `before` and `after` may be the same array.
  positions(before, after) {
    this.count = after.length / 2;
    this.upload(0, before);
    this.upload(1, after);
  }

  languages(bytes) { this.upload(2, bytes); }
  chosen(bytes) { this.upload(3, bytes); }
}

export class Renderer {
  // Throws an Error in words when the browser has no WebGL2.
  constructor(canvas) {
    this.canvas = canvas;
    const options = { antialias: false, alpha: true, premultipliedAlpha: true, powerPreference: "low-power" };
    this.gl = canvas.getContext("webgl2", options);
    if (this.gl === null) throw new Error("This browser offers no WebGL2, or it is switched off.");
    this.build();
  }

  build() {
    const gl = this.gl;
    const program = gl.createProgram();
    gl.attachShader(program, compile(gl, gl.VERTEX_SHADER, VERTEX));
    gl.attachShader(program, compile(gl, gl.FRAGMENT_SHADER, FRAGMENT));
    gl.linkProgram(program);
    if (!gl.isContextLost() && !gl.getProgramParameter(program, gl.LINK_STATUS)) {
      throw new Error(`The map's shaders do not run here: ${gl.getProgramInfoLog(program)}`);
    }
    gl.useProgram(program);
    this.at = {};
    for (const name of ["t", "size", "opacity", "scale", "shift", "dimPass", "hollow", "entries", "grey"]) {
      this.at[name] = gl.getUniformLocation(program, name);
    }
    this.points = new Cloud(gl);
    this.rings = new Cloud(gl);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  // One {colour: [r, g, b], shape, lit} a language; `grey` is what is not lit.
  palette(entries, grey) {
    const data = new Float32Array(MOST_LANGUAGES * 4);
    entries.forEach((entry, k) => data.set([...entry.colour, entry.shape + (entry.lit ? 16 : 0)], 4 * k));
    this.gl.uniform4fv(this.at.entries, data);
    this.gl.uniform3fv(this.at.grey, grey);
  }

  // `view` maps normalised positions to clip space; `most` points are drawn, of `ring` pixels where they are hollow.
  draw({ t, view, size, ring, opacity, most }) {
    const gl = this.gl;
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform1f(this.at.t, t);
    gl.uniform2f(this.at.scale, view.scaleX, view.scaleY);
    gl.uniform2f(this.at.shift, view.shiftX, view.shiftY);
    this.#cloud(this.points, { hollow: 0, size, opacity, most });
    this.#cloud(this.rings, { hollow: 1, size: ring, opacity: 0.95, most });
  }

  // What is not lit lies under what is.
  #cloud(cloud, { hollow, size, opacity, most }) {
    const gl = this.gl;
    if (cloud.count === 0) return;
    gl.bindVertexArray(cloud.array);
    gl.uniform1i(this.at.hollow, hollow);
    gl.uniform1f(this.at.size, size);
    gl.uniform1f(this.at.opacity, opacity);
    for (const dim of [1, 0]) {
      gl.uniform1i(this.at.dimPass, dim);
      gl.drawArrays(gl.POINTS, 0, Math.min(cloud.count, most));
    }
  }
}
