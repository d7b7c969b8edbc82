import { TimeRange } from '@grafana/data';
import { getTemplateSrv } from '@grafana/runtime';
import { MultiCombobox, ComboboxOption } from '@grafana/ui';
import React, { useCallback } from 'react';
import type { SpikelineDataSource } from '../datasource';
import { Choice } from '../types';

interface Props {
  id: string;
  label: string;
  source: SpikelineDataSource;
  what: 'services' | 'pops';
  value?: string[];
  range?: TimeRange;
  onChange: (value: string[]) => void;
}

/** The variables of the dashboard first, then the names; those that hold what was typed. */
export function pickable(variables: string[], names: Choice[], typed: string): Array<ComboboxOption<string>> {
  return [
    ...variables.map((name) => ({ value: `$${name}`, label: `$${name}`, description: 'Variable' })),
    ...names.map(({ value, text }) => ({ value, label: text })),
  ].filter((o) => o.label.toLowerCase().includes(typed.toLowerCase()));
}

/** Chooses services or pops among those of the time range, or variables of the dashboard. */
export function NamePicker({ id, label, source, what, value = [], range, onChange }: Props) {
  const options = useCallback(
    async (typed: string) => {
      const variables = getTemplateSrv().getVariables().map((v) => v.name);
      return pickable(variables, await source.choices(what, range), typed);
    },
    [source, what, range]
  );
  return (
    <MultiCombobox
      id={id}
      aria-label={label}
      options={options}
      value={value}
      placeholder="All"
      createCustomValue
      isClearable
      width={40}
      onChange={(chosen) => onChange(chosen.map((o) => o.value))}
    />
  );
}
