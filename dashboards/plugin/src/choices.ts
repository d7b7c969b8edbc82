import { By, QueryType, VariableKind } from './types';

interface Named<T> {
  value: T;
  label: string;
  description?: string;
}

export const queryTypes: Array<Named<QueryType>> = [
  { value: 'timeline', label: 'Timeline', description: 'Phases of each service, for a state timeline' },
  { value: 'windows', label: 'Windows', description: 'A measure over time' },
  { value: 'incidents', label: 'Incidents', description: 'A table, or numbers for an alert' },
  { value: 'signals', label: 'Signals', description: 'What the detector found unusual' },
  { value: 'events', label: 'Events', description: 'Steps of incidents, for annotations' },
];

export const measures: Array<Named<string>> = [
  { value: 'error_rate', label: 'Error rate (5xx)' },
  { value: 'edge_error_rate', label: 'Error rate of the edge' },
  { value: 'origin_error_rate', label: 'Error rate of origins' },
  { value: 'client_error_rate', label: 'Client error rate (4xx)' },
  { value: 'abort_rate', label: 'Abort rate' },
  { value: 'cache_hit_rate', label: 'Cache hit rate' },
  { value: 'requests', label: 'Requests a second' },
  { value: 'errors', label: 'Errors a second' },
  { value: 'bytes', label: 'Bytes a second' },
  { value: 'late', label: 'Late requests a second' },
  { value: 'p50', label: 'Latency, median' },
  { value: 'p95', label: 'Latency, 95th percentile' },
  { value: 'p99', label: 'Latency, 99th percentile' },
];

/** Measures for which the detector states what it expected. */
export const measuresWithBand = ['error_rate', 'client_error_rate', 'requests'];

export const bys: Array<Named<By>> = [
  { value: 'service', label: 'Service' },
  { value: 'pop', label: 'Pop' },
  { value: 'service_pop', label: 'Service and pop' },
  { value: 'fleet', label: 'None: all together' },
  { value: 'status', label: 'Status code', description: 'For requests a second' },
];

export const statuses: Array<Named<'' | 'open' | 'resolved'>> = [
  { value: '', label: 'All' },
  { value: 'open', label: 'Open' },
  { value: 'resolved', label: 'Resolved' },
];

const named = (values: string[]): Array<Named<string>> =>
  values.map((value) => ({ value, label: value.replaceAll('_', ' ') }));

export const kinds = named([
  'error_surge',
  'traffic_surge',
  'traffic_drop',
  'latency_surge',
  'client_error_surge',
  'source_incomplete',
]);
export const incidentSeverities = named(['minor', 'major', 'critical']);
export const signalSeverities = named(['info', 'warning', 'critical']);

export const variableKinds: Array<Named<VariableKind>> = [
  { value: 'services', label: 'Services' },
  { value: 'pops', label: 'Pops' },
  { value: 'incidents', label: 'Incidents' },
  { value: 'kinds', label: 'Kinds of signals' },
  { value: 'severities', label: 'Severities of incidents' },
];
