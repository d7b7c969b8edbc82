import { ScopedVars } from '@grafana/data';
import { Filter, QueryType, SpikelineQuery } from './types';

export const defaultQuery: Partial<SpikelineQuery> = { queryType: 'timeline' };

/** Fields that each type reads; others are left behind when the type changes. */
const fieldsOf: Record<QueryType, Array<keyof SpikelineQuery>> = {
  timeline: ['services', 'pops', 'severities', 'kinds', 'incident', 'limit'],
  windows: ['services', 'pops', 'measure', 'by', 'band', 'limit', 'live'],
  incidents: ['services', 'pops', 'status', 'severities', 'kinds', 'incident', 'count', 'limit', 'live'],
  signals: ['services', 'pops', 'severities', 'kinds', 'count', 'allWindows', 'limit'],
  events: ['services', 'pops', 'incident', 'regions', 'limit'],
  variable: ['variable', 'limit'],
};

const keptAlways: Array<keyof SpikelineQuery> = ['key', 'hide', 'datasource'];

/** Changes the type and keeps what the new type reads as well. */
export function withType(query: SpikelineQuery, queryType: QueryType): SpikelineQuery {
  const next: SpikelineQuery = { refId: query.refId, queryType };
  for (const field of [...keptAlways, ...fieldsOf[queryType]]) {
    const sameMeaning = field !== 'severities' || query.queryType === queryType;
    if (query[field] !== undefined && sameMeaning) {
      Object.assign(next, { [field]: query[field] });
    }
  }
  if (queryType === 'windows') {
    next.measure ??= 'error_rate';
    next.by ??= 'service';
  }
  return next;
}

type Replace = (text: string, vars: ScopedVars, format: (value: string | string[]) => string) => string;

/** Fills variables. A multi-value variable becomes several names; All and empty choose all. */
export function fillVariables(query: SpikelineQuery, vars: ScopedVars, replace: Replace, filters: Filter[] = []): SpikelineQuery {
  const fill = (list?: string[]) => list?.flatMap((text) => valuesOf(text, vars, replace)).filter((v) => v !== '');
  return {
    ...query,
    services: fill(query.services),
    pops: fill(query.pops),
    severities: fill(query.severities),
    kinds: fill(query.kinds),
    incident: query.incident && valuesOf(query.incident, vars, replace)[0],
    filters: filters.map(({ key, operator, value, values }) => ({ key, operator, value, values })),
  };
}

/** Takes the values as a list, so that no character in them can be mistaken for a separator. */
function valuesOf(text: string, vars: ScopedVars, replace: Replace): string[] {
  const found: string[] = [];
  const rest = replace(text, vars, (value) => {
    found.push(...(Array.isArray(value) ? value : [String(value)]));
    return '';
  });
  if (found.length === 0) {
    return [rest];
  }
  return found.some((v) => v === '$__all') ? [] : rest === '' ? found : found.map((v) => text.replace(/\$\{?\w+(:\w+)?\}?/, v));
}

/** A short name for a live channel: the same query, the same channel. 64 bits by two FNV-1a hashes. */
export function channelOf(query: SpikelineQuery): string {
  const { services, pops, measure, by, status, severities, kinds, incident, limit, filters } = query;
  const text = JSON.stringify({ services, pops, measure, by, status, severities, kinds, incident, limit, filters });
  const hash = (seed: number) => {
    let h = seed;
    for (let i = 0; i < text.length; i++) {
      h = Math.imul(h ^ text.charCodeAt(i), 16777619) >>> 0;
    }
    return h.toString(16).padStart(8, '0');
  };
  return `${query.queryType}/${hash(2166136261)}${hash(3735928559)}`;
}
