import { ScopedVars } from '@grafana/data';
import { channelOf, fillVariables, withType } from '../src/query';
import { SpikelineQuery } from '../src/types';

/** Replaces $name and ${name} as Grafana's template service does, with a format function. */
function replacer(variables: Record<string, string | string[]>) {
  return (text: string, _: ScopedVars, format: (value: string | string[]) => string) =>
    text.replace(/\$\{?(\w+)\}?/g, (whole, name) => (name in variables ? format(variables[name]) : whole));
}

const base: SpikelineQuery = { refId: 'A', queryType: 'windows' };

describe('filling variables', () => {
  const fill = (query: Partial<SpikelineQuery>, variables: Record<string, string | string[]>) =>
    fillVariables({ ...base, ...query }, {}, replacer(variables));

  it('makes several names of a multi-value variable', () => {
    expect(fill({ services: ['$service', 'c'] }, { service: ['a', 'b'] }).services).toEqual(['a', 'b', 'c']);
  });
  it('keeps any character in a name', () => {
    const names = ["o'brien", '{a,b}', 'x"y', '$c', ''];
    expect(fill({ services: ['${service}'] }, { service: names }).services).toEqual(names.slice(0, 4));
  });
  it('chooses all for All and for an empty variable', () => {
    expect(fill({ services: ['$service'] }, { service: ['$__all'] }).services).toEqual([]);
    expect(fill({ services: ['$service'] }, { service: '' }).services).toEqual([]);
  });
  it('fills the text around a variable', () => {
    expect(fill({ services: ['$name.example.com'] }, { name: ['a', 'b'] }).services).toEqual(['a.example.com', 'b.example.com']);
  });
  it('fills the incident and leaves an empty one empty', () => {
    expect(fill({ incident: '$incident' }, { incident: '2025-a' }).incident).toBe('2025-a');
    expect(fill({}, {}).incident).toBeUndefined();
  });
  it('hands on ad-hoc filters and nothing else of them', () => {
    const filters = [{ key: 'pop', operator: '=', value: 'FRA', condition: 'AND' }];
    expect(fillVariables(base, {}, replacer({}), filters).filters).toEqual([{ key: 'pop', operator: '=', value: 'FRA', values: undefined }]);
  });
});

describe('changing the type', () => {
  it('keeps what both types read and drops the rest', () => {
    const next = withType({ ...base, services: ['a'], measure: 'p99', band: true }, 'signals');
    expect(next).toEqual({ refId: 'A', queryType: 'signals', services: ['a'] });
  });
  it('starts windows with an error rate a service', () => {
    expect(withType({ refId: 'A' }, 'windows')).toMatchObject({ measure: 'error_rate', by: 'service' });
  });
  it('drops severities, whose names differ between incidents and signals', () => {
    expect(withType({ ...base, queryType: 'incidents', severities: ['major'] }, 'signals').severities).toBeUndefined();
  });
});

describe('live channels', () => {
  it('are shared by equal queries of different panels', () => {
    expect(channelOf({ ...base, services: ['a'] })).toBe(channelOf({ ...base, refId: 'B', services: ['a'] }));
  });
  it('differ when anything that matters differs', () => {
    const names = [{}, { services: ['a'] }, { pops: ['a'] }, { measure: 'p99' }, { by: 'pop' as const }, { limit: 3 }];
    expect(new Set(names.map((q) => channelOf({ ...base, ...q }))).size).toBe(names.length);
  });
  it('have a name that Grafana Live accepts', () => {
    expect(channelOf(base)).toMatch(/^windows\/[0-9a-f]{16}$/);
  });
});
