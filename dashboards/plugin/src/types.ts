import { DataQuery, DataSourceJsonData } from '@grafana/data';

export type QueryType = 'timeline' | 'windows' | 'incidents' | 'signals' | 'events' | 'variable';
export type By = 'fleet' | 'service' | 'pop' | 'service_pop' | 'status';
export type VariableKind = 'services' | 'pops' | 'incidents' | 'kinds' | 'severities';

export interface Filter {
  key: string;
  operator: string;
  value: string;
  values?: string[];
}

/** What the back end reads; see query.go. Empty lists choose all. */
export interface SpikelineQuery extends DataQuery {
  queryType?: QueryType;
  services?: string[];
  pops?: string[];
  measure?: string;
  by?: By;
  band?: boolean;
  status?: '' | 'open' | 'resolved';
  severities?: string[];
  kinds?: string[];
  incident?: string;
  count?: boolean;
  allWindows?: boolean;
  regions?: boolean;
  variable?: VariableKind;
  limit?: number;
  filters?: Filter[];
  /** Stay connected and draw what comes, in place of asking again. */
  live?: boolean;
}

export interface SpikelineOptions extends DataSourceJsonData {
  username?: string;
  workerUrl?: string;
  timeoutSeconds?: number;
  cacheSeconds?: number;
  rowLimit?: number;
  tlsSkipVerify?: boolean;
}

export interface SpikelineSecrets {
  password?: string;
  tlsCACert?: string;
}

export interface Choice {
  text: string;
  value: string;
}
