import { QueryEditorProps } from '@grafana/data';
import { Combobox, InlineField, InlineFieldRow, InlineSwitch, Input, MultiCombobox, RadioButtonGroup } from '@grafana/ui';
import React from 'react';
import { bys, incidentSeverities, kinds, measures, measuresWithBand, queryTypes, signalSeverities, statuses } from '../choices';
import type { SpikelineDataSource } from '../datasource';
import { withType } from '../query';
import { SpikelineOptions, SpikelineQuery } from '../types';
import { NamePicker } from './NamePicker';

export type Props = QueryEditorProps<SpikelineDataSource, SpikelineQuery, SpikelineOptions>;

const labelWidth = 14;

/** Pickers for everything a query can say; no SQL. */
export function QueryEditor({ query, onChange, onRunQuery, datasource, range }: Props) {
  const type = query.queryType ?? 'timeline';
  const apply = (next: SpikelineQuery) => {
    onChange(next);
    onRunQuery();
  };
  const set = (change: Partial<SpikelineQuery>) => apply({ ...query, queryType: type, ...change });
  const id = (name: string) => `spikeline-${query.refId}-${name}`;

  const picker = (label: string, what: 'services' | 'pops', tooltip: string) => (
    <InlineField label={label} labelWidth={labelWidth} tooltip={tooltip} htmlFor={id(what)}>
      <NamePicker id={id(what)} label={label} source={datasource} what={what} value={query[what]} range={range} onChange={(v) => set({ [what]: v })} />
    </InlineField>
  );
  const toggle = (label: string, field: 'band' | 'live' | 'count' | 'allWindows' | 'regions', tooltip: string) => (
    <InlineField label={label} tooltip={tooltip} htmlFor={id(field)}>
      <InlineSwitch id={id(field)} value={query[field] ?? false} onChange={(e) => set({ [field]: e.currentTarget.checked })} />
    </InlineField>
  );
  const many = (label: string, field: 'severities' | 'kinds', options: Array<{ value: string; label: string }>) => (
    <InlineField label={label} labelWidth={labelWidth} htmlFor={id(field)}>
      <MultiCombobox id={id(field)} aria-label={label} options={options} value={query[field] ?? []} placeholder="All" isClearable width={40} onChange={(v) => set({ [field]: v.map((o) => o.value) })} />
    </InlineField>
  );
  const incident = (
    <InlineField label="Incident" labelWidth={labelWidth} tooltip="One incident by its id, such as $incident; its whole time is shown" htmlFor={id('incident')}>
      <Input id={id('incident')} defaultValue={query.incident} placeholder="All of the time range" width={40} onBlur={(e) => e.currentTarget.value !== (query.incident ?? '') && set({ incident: e.currentTarget.value })} />
    </InlineField>
  );

  return (
    <div>
      <InlineFieldRow>
        <InlineField label="Show" labelWidth={labelWidth}>
          <RadioButtonGroup options={queryTypes} value={type} onChange={(t) => apply(withType(query, t))} />
        </InlineField>
      </InlineFieldRow>
      {type === 'windows' && (
        <InlineFieldRow>
          <InlineField label="Measure" labelWidth={labelWidth} htmlFor={id('measure')}>
            <Combobox id={id('measure')} aria-label="Measure" options={measures} value={query.measure ?? 'error_rate'} width={40} onChange={(o) => set({ measure: o.value, by: o.value === 'requests' || query.by !== 'status' ? query.by : 'service' })} />
          </InlineField>
          <InlineField label="A line for each" htmlFor={id('by')}>
            <Combobox id={id('by')} aria-label="A line for each" options={bys.filter((b) => b.value !== 'status' || query.measure === 'requests')} value={query.by ?? 'service'} width={24} onChange={(o) => set({ by: o.value })} />
          </InlineField>
          {measuresWithBand.includes(query.measure ?? 'error_rate') && query.by !== 'status' &&
            toggle('Expected band', 'band', 'What the detector expected, and the worst value it still called normal, while it found the series unusual')}
          {toggle('Live', 'live', 'New windows are drawn as they close; starts with the last 15 minutes')}
        </InlineFieldRow>
      )}
      <InlineFieldRow>
        {picker('Services', 'services', 'None chosen means all. Variables work: $service')}
        {picker('Pops', 'pops', 'None chosen means all')}
      </InlineFieldRow>
      {(type === 'incidents' || type === 'signals' || type === 'timeline') && (
        <InlineFieldRow>
          {many('Severity', 'severities', type === 'signals' ? signalSeverities : incidentSeverities)}
          {many('Kinds', 'kinds', kinds)}
        </InlineFieldRow>
      )}
      <InlineFieldRow>
        {type !== 'windows' && type !== 'signals' && incident}
        {type === 'incidents' && (
          <InlineField label="Status">
            <RadioButtonGroup options={statuses} value={query.status ?? ''} onChange={(status) => set({ status })} />
          </InlineField>
        )}
        {(type === 'incidents' || type === 'signals') &&
          toggle('Count', 'count', type === 'incidents' ? 'A number for each severity, for alerts and stat panels' : 'A number for each kind')}
        {type === 'signals' && toggle('Every window', 'allWindows', 'Every window of a finding, not the first alone')}
        {type === 'incidents' && toggle('Live', 'live', 'Open incidents, sent when they change')}
        {type === 'events' && toggle('Whole incidents', 'regions', 'Adds a region from start to end of each incident')}
      </InlineFieldRow>
    </div>
  );
}
