// A player whose video came in the session's own message. Its address lives in this tab only.

export default function (component) {
  const { parentElement, data, setTriggerValue } = component;
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = 4 + view.getUint32(0);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, end)));
  const video = parentElement.querySelector("video");
  for (const side of ["before", "after"]) {
    parentElement.querySelector(`.${side}`).textContent = head[side];
  }
  const look = parentElement.querySelector(".look");
  look.textContent = head.look;
  look.onclick = () => { video.pause(); setTriggerValue("moment", video.currentTime); };
  if (video.dataset.id !== head.id) {
    if (video.src) URL.revokeObjectURL(video.src);
    video.dataset.id = head.id;
    video.setAttribute("aria-label", `${head.before}, ${head.after}`);
    video.src = URL.createObjectURL(new Blob([bytes.slice(end)], { type: "video/mp4" }));
  }
  return () => {
    // Only when the page lets go of the player, not between two updates of it.
    queueMicrotask(() => { if (!video.isConnected && video.src) URL.revokeObjectURL(video.src); });
  };
}
