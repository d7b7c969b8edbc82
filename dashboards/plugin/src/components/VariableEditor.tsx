import { QueryEditorProps } from '@grafana/data';
import { Combobox, InlineField } from '@grafana/ui';
import React from 'react';
import { variableKinds } from '../choices';
import type { SpikelineDataSource } from '../datasource';
import { SpikelineOptions, SpikelineQuery } from '../types';

type Props = QueryEditorProps<SpikelineDataSource, SpikelineQuery, SpikelineOptions>;

export function VariableEditor({ query, onChange }: Props) {
  return (
    <InlineField label="List" labelWidth={14} htmlFor="spikeline-variable">
      <Combobox
        id="spikeline-variable"
        aria-label="List"
        options={variableKinds}
        value={query.variable ?? 'services'}
        width={40}
        onChange={(o) => onChange({ ...query, refId: query.refId ?? 'Variable', queryType: 'variable', variable: o.value })}
      />
    </InlineField>
  );
}
