import '@testing-library/jest-dom';
import { configure } from '@testing-library/react';
import { TextDecoder, TextEncoder } from 'node:util';

configure({ asyncUtilTimeout: 60_000 });

// What @grafana/ui expects of a browser and jsdom lacks.
Object.assign(globalThis, { TextDecoder, TextEncoder });
class StillObserver {
  observe() {}
  unobserve() {}
  disconnect() {}
}
Object.assign(globalThis, { ResizeObserver: StillObserver, IntersectionObserver: StillObserver });
Object.defineProperty(window, 'matchMedia', {
  value: () => ({ matches: false, addListener() {}, removeListener() {}, addEventListener() {}, removeEventListener() {} }),
});
HTMLCanvasElement.prototype.getContext = (() => ({ measureText: (t: string) => ({ width: t.length * 8 }) })) as never;
Element.prototype.scrollTo = () => undefined;
Element.prototype.getBoundingClientRect = () =>
  ({ width: 120, height: 120, top: 0, left: 0, bottom: 0, right: 0, x: 0, y: 0, toJSON() {} }) as DOMRect;
