/**
 * As much of a browser's document as the script of a report needs: elements with attributes, children and text. It lays out
 * and draws nothing; tests read the tree.
 */

export class SmallNode {
  readonly attributes: Record<string, string> = {};
  readonly children: (SmallNode | string)[] = [];
  readonly style = { setProperty: () => {}, removeProperty: () => {} };
  readonly ownerDocument: SmallDocument;
  parentNode: SmallNode | null = null;
  value: unknown;
  readonly #listeners: string[] = [];

  constructor(
    document: SmallDocument,
    readonly tagName: string,
    readonly namespaceURI = "http://www.w3.org/1999/xhtml",
  ) {
    this.ownerDocument = document;
  }

  set className(value: string) {
    this.attributes["class"] = value;
  }

  get textContent(): string {
    return this.children.map((child) => (typeof child === "string" ? child : child.textContent)).join("");
  }

  set textContent(value: string) {
    this.children.splice(0, this.children.length, ...(value === "" ? [] : [String(value)]));
  }

  get nextSibling(): null {
    return null;
  }

  setAttribute(name: string, value: unknown): void {
    this.attributes[name] = String(value);
  }

  setAttributeNS(_: string, name: string, value: unknown): void {
    this.setAttribute(name, value);
  }

  getAttribute(name: string): string | null {
    return this.attributes[name] ?? null;
  }

  removeAttribute(name: string): void {
    delete this.attributes[name];
  }

  addEventListener(type: string): void {
    this.#listeners.push(type);
  }

  removeEventListener(): void {}

  dispatchEvent(): boolean {
    return true;
  }

  appendChild(child: SmallNode): SmallNode {
    child.parentNode = this;
    this.children.push(child);
    return child;
  }

  insertBefore(child: SmallNode, before: SmallNode | null): SmallNode {
    child.parentNode = this;
    const at = before ? this.children.indexOf(before) : this.children.length;
    this.children.splice(at, 0, child);
    return child;
  }

  append(...children: (SmallNode | string)[]): void {
    for (const child of children) {
      if (child instanceof SmallNode) this.appendChild(child);
      else this.children.push(String(child));
    }
  }

  removeChild(child: SmallNode): SmallNode {
    this.children.splice(this.children.indexOf(child), 1);
    return child;
  }

  /** The elements below that a selector finds: classes or names, one inside of the other. */
  querySelectorAll(selector: string): SmallNode[] {
    const [outer, ...inner] = selector.split(" ") as [string, ...string[]];
    if (inner.length > 0) return this.querySelectorAll(outer).flatMap((node) => node.querySelectorAll(inner.join(" ")));
    const elements = this.children.filter((child) => typeof child !== "string");
    const fits = ({ tagName, attributes }: SmallNode): boolean =>
      outer.startsWith(".") ? (attributes["class"] ?? "").split(" ").includes(outer.slice(1)) : tagName === outer;
    return elements.flatMap((child) => [...(fits(child) ? [child] : []), ...child.querySelectorAll(outer)]);
  }

  /** A canvas on which nothing is seen: legends paint on one. */
  getContext(): object {
    return { fillRect() {}, putImageData() {}, createImageData: () => ({ data: [] }) };
  }

  toDataURL(): string {
    return "data:,";
  }

  querySelector(selector: string): SmallNode | null {
    return this.querySelectorAll(selector)[0] ?? null;
  }

  /** All elements below with this name, in order. */
  all(name: string): SmallNode[] {
    return this.querySelectorAll(name);
  }
}

export class SmallDocument {
  readonly documentElement: SmallNode = new SmallNode(this, "html");
  readonly defaultView: object;

  constructor(
    /** the text of the element with each id */
    readonly texts: Readonly<Record<string, string>>,
    readonly main: SmallNode | null = null,
  ) {
    this.main = new SmallNode(this, "main");
    this.defaultView = { document: this, Event };
  }

  createElement(name: string): SmallNode {
    return new SmallNode(this, name);
  }

  createElementNS(namespace: string, name: string): SmallNode {
    return new SmallNode(this, name, namespace);
  }

  createTextNode(text: string): SmallNode {
    const node = new SmallNode(this, "#text");
    node.textContent = text;
    return node;
  }

  getElementById(id: string): SmallNode | null {
    const text = this.texts[id];
    if (text === undefined) return null;
    const node = new SmallNode(this, "script");
    node.textContent = text;
    return node;
  }

  querySelector(name: string): SmallNode | null {
    return name === "main" ? this.main : null;
  }
}
