import { setTemplateSrv } from '@grafana/runtime';
import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React from 'react';
import { ConfigEditor } from '../src/components/ConfigEditor';
import { pickable } from '../src/components/NamePicker';
import { QueryEditor } from '../src/components/QueryEditor';
import { SpikelineQuery } from '../src/types';

setTemplateSrv({ getVariables: () => [{ name: 'service' }], replace: (t: string) => t } as never);

const choices = jest.fn(async () => [{ text: 'chatgpt.com', value: 'chatgpt.com' }]);
const datasource = { choices } as never;

function editor(query: Partial<SpikelineQuery>) {
  const onChange = jest.fn();
  const onRunQuery = jest.fn();
  render(<QueryEditor datasource={datasource} query={{ refId: 'A', ...query }} onChange={onChange} onRunQuery={onRunQuery} />);
  return { onChange, onRunQuery };
}

describe('the query editor', () => {
  it('changes the type and runs', async () => {
    const { onChange, onRunQuery } = editor({ queryType: 'timeline', services: ['a'] });
    await userEvent.click(screen.getByLabelText('Windows'));
    expect(onChange).toHaveBeenCalledWith({ refId: 'A', queryType: 'windows', services: ['a'], measure: 'error_rate', by: 'service' });
    expect(onRunQuery).toHaveBeenCalledTimes(1);
  });
  it('shows what the type reads and nothing else', () => {
    editor({ queryType: 'windows' });
    expect(screen.getByLabelText('Measure')).toBeInTheDocument();
    expect(screen.getByText('Expected band')).toBeInTheDocument();
    expect(screen.queryByText('Severity')).not.toBeInTheDocument();
  });
  it('offers no band for a measure without expectation', () => {
    editor({ queryType: 'windows', measure: 'p99' });
    expect(screen.queryByText('Expected band')).not.toBeInTheDocument();
  });
  it('asks for the names of the time range when a picker opens', async () => {
    editor({ queryType: 'timeline' });
    await userEvent.click(screen.getByLabelText('Services'));
    await waitFor(() => expect(choices).toHaveBeenCalledWith('services', undefined));
  });
  it('offers variables before names, and what was typed', () => {
    const names = [{ text: 'chatgpt.com', value: 'chatgpt.com' }, { text: 'x.com', value: 'x.com' }];
    expect(pickable(['service'], names, '').map((o) => o.value)).toEqual(['$service', 'chatgpt.com', 'x.com']);
    expect(pickable(['service'], names, 'CHAT').map((o) => o.value)).toEqual(['chatgpt.com']);
  });
  it('counts incidents at a switch', async () => {
    const { onChange } = editor({ queryType: 'incidents' });
    await userEvent.click(screen.getByLabelText('Count'));
    expect(onChange).toHaveBeenCalledWith(expect.objectContaining({ queryType: 'incidents', count: true }));
  });
});

describe('the configuration editor', () => {
  it('keeps the password apart from what can be read back', async () => {
    const onOptionsChange = jest.fn();
    const options = { url: '', jsonData: {}, secureJsonFields: {} } as never;
    render(<ConfigEditor options={options} onOptionsChange={onOptionsChange} />);
    await userEvent.type(document.getElementById('spikeline-password') as HTMLElement, 'x');
    expect(onOptionsChange).toHaveBeenLastCalledWith(expect.objectContaining({ jsonData: {}, secureJsonData: { password: 'x' } }));
  });
});
