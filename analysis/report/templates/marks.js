// Which value is under the pointer or the finger? The nearest mark of the figure within reach, and any drawn on top of it.
"use strict";
const REACH = 26, SAME = 4;  // pixels

for (const figure of document.querySelectorAll("figure.marked")) {
  const picture = figure.querySelector(".picture");
  const ring = figure.querySelector(".ring"), tip = figure.querySelector(".tip");
  const marks = [...figure.querySelectorAll("li")].map(
    item => ({left: +item.dataset.left, top: +item.dataset.top, text: item.textContent}));

  const hide = () => { ring.hidden = tip.hidden = true; };
  const show = event => {
    const box = picture.getBoundingClientRect();
    const placed = marks.map(mark => ({...mark, far: Math.hypot(
      box.left + mark.left * box.width / 100 - event.clientX, box.top + mark.top * box.height / 100 - event.clientY)}));
    const near = placed.reduce((a, b) => b.far < a.far ? b : a);
    if (near.far > REACH) return hide();
    const apart = mark => Math.hypot((mark.left - near.left) * box.width, (mark.top - near.top) * box.height) / 100;
    tip.textContent = placed.filter(mark => apart(mark) < SAME).map(mark => mark.text).join("\n");
    ring.style.left = near.left + "%";
    ring.style.top = near.top + "%";
    // Towards the middle of what is seen of the picture, so that it stays inside it.
    const seen = picture.parentElement.getBoundingClientRect(), x = box.left + near.left * box.width / 100;
    const rightwards = x - seen.left < seen.width / 2;
    tip.style.maxWidth = `min(19rem, ${(rightwards ? seen.right - x : x - seen.left) - 18}px)`;
    tip.style.left = rightwards ? `calc(${near.left}% + 14px)` : "auto";
    tip.style.right = rightwards ? "auto" : `calc(${100 - near.left}% + 14px)`;
    tip.style.top = near.top < 50 ? `calc(${near.top}% + 8px)` : "auto";
    tip.style.bottom = near.top < 50 ? "auto" : `calc(${100 - near.top}% + 8px)`;
    ring.hidden = tip.hidden = false;
  };
  picture.addEventListener("pointermove", show);
  picture.addEventListener("pointerdown", show);
  picture.addEventListener("pointerleave", event => { if (event.pointerType === "mouse") hide(); });
}
// Paper has no summary to open.
addEventListener("beforeprint", () => document.querySelectorAll("details.room").forEach(room => { room.open = true; }));
