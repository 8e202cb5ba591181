// A part of a page whose HTML the server writes. Only what differs from what is there is changed: what somebody
// is about to click on stays where it is, and what has the focus keeps it, however often the server writes.
const keyOf = (node) => node.dataset?.machine ?? node.dataset?.alert;

const isAlike = (a, b) => a.nodeName === b.nodeName && keyOf(a) === keyOf(b);

function change(old, wanted) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== wanted.data) old.data = wanted.data;
    return;
  }
  // A box keeps what somebody made of it until the server says something new: what it wrote before the click may
  // still come after it.
  if (old.hasAttribute("checked") !== wanted.hasAttribute("checked")) old.checked = wanted.hasAttribute("checked");
  for (const { name } of [...old.attributes]) if (!wanted.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of wanted.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  changeChildren(old, wanted);
}

function changeChildren(parent, wanted) {
  let here = parent.firstChild;
  for (const next of [...wanted.childNodes]) {
    let match = here;
    while (match && !isAlike(match, next)) match = match.nextSibling;
    if (!match) {
      parent.insertBefore(next, here);
      continue;
    }
    if (match === here) here = here.nextSibling;
    else parent.insertBefore(match, here);
    change(match, next);
  }
  while (here) {
    const after = here.nextSibling;
    here.remove();
    here = after;
  }
}

// Tiles and rows, in their order.
const order = (root) => JSON.stringify([...root.querySelectorAll("[data-machine], [data-alert]")].map(keyOf));

export default {
  template: "<div></div>",
  props: { html: { type: String, default: "" } },
  mounted() {
    this.pressed = false;
    this.$el.addEventListener("pointerdown", (event) => {
      if (event.button === 0) this.hold();
    });
    this.show();
  },
  watch: {
    html() {
      this.show();
    },
  },
  methods: {
    // What somebody presses on keeps its place until it is let go and clicked on, which is after the release.
    hold() {
      this.pressed = true;
      const release = () => {
        this.pressed = false;
        setTimeout(() => this.show());
      };
      for (const end of ["pointerup", "pointercancel"]) window.addEventListener(end, release, { once: true });
    },
    show() {
      const wanted = document.createElement("template");
      wanted.innerHTML = this.html;
      if (this.pressed && order(this.$el) !== order(wanted.content)) return;
      const focused = document.activeElement;
      changeChildren(this.$el, wanted.content);
      // Who has changed places has lost it.
      if (focused !== document.activeElement && this.$el.contains(focused)) focused.focus({ preventScroll: true });
    },
  },
};
