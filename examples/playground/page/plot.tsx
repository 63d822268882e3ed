/** A plot of Observable Plot as wide as its place, drawn again when its data or its place change. */
import { type PlotOptions, plot } from "@observablehq/plot";
import { useEffect, useRef, useState } from "preact/hooks";

interface PlotProps {
  /** what the plot shows, in words */
  readonly label: string;
  /** made with the width of the place, in pixels */
  readonly options: (width: number) => PlotOptions;
}

const STYLE = { background: "none", color: "inherit", fontFamily: "inherit", fontSize: "12px", overflow: "visible" };

export function Plot({ label, options }: PlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry!.contentRect.width)));
    observer.observe(place.current!);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (width === 0) return;
    const drawn = plot({ width, style: STYLE, ...options(width) });
    // Groups have no role, so they may have no name of their own; the whole has both.
    for (const part of drawn.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label");
    drawn.setAttribute("role", "img");
    drawn.setAttribute("aria-label", label);
    place.current!.replaceChildren(drawn);
  }, [width, options, label]);
  return <div class="plot" ref={place} />;
}
