import { DataSourcePluginOptionsEditorProps } from '@grafana/data';
import { Field, FieldSet, Input, SecretInput, SecretTextArea, Switch } from '@grafana/ui';
import React from 'react';
import { SpikelineOptions, SpikelineSecrets } from '../types';

type Props = DataSourcePluginOptionsEditorProps<SpikelineOptions, SpikelineSecrets>;

const width = 50;

export function ConfigEditor({ options, onOptionsChange }: Props) {
  const { jsonData, secureJsonFields = {}, secureJsonData = {} } = options;
  const set = (change: Partial<SpikelineOptions>) => onOptionsChange({ ...options, jsonData: { ...jsonData, ...change } });
  const secret = (name: keyof SpikelineSecrets, value: string) =>
    onOptionsChange({ ...options, secureJsonData: { ...secureJsonData, [name]: value } });
  const reset = (name: keyof SpikelineSecrets) =>
    onOptionsChange({ ...options, secureJsonFields: { ...secureJsonFields, [name]: false }, secureJsonData: { ...secureJsonData, [name]: '' } });
  const amount = (text: string) => (text === '' ? undefined : Number(text));

  return (
    <>
      <FieldSet label="ClickHouse">
        <Field label="URL" description="Address of the HTTP port" required>
          <Input id="spikeline-url" value={options.url} placeholder="http://clickhouse:8123" width={width} onChange={(e) => onOptionsChange({ ...options, url: e.currentTarget.value.trim() })} />
        </Field>
        <Field label="User" description="It needs GRANT SELECT ON spikeline.* and no more; readonly = 2 is fine, readonly = 1 is not">
          <Input id="spikeline-user" value={jsonData.username ?? ''} placeholder="reader" width={width} onChange={(e) => set({ username: e.currentTarget.value })} />
        </Field>
        <Field label="Password">
          <SecretInput id="spikeline-password" isConfigured={secureJsonFields.password === true} value={secureJsonData.password ?? ''} width={width} onReset={() => reset('password')} onChange={(e) => secret('password', e.currentTarget.value)} />
        </Field>
        <Field label="CA certificate" description="In PEM form, when an own authority has signed the server's certificate">
          <SecretTextArea id="spikeline-ca" isConfigured={secureJsonFields.tlsCACert === true} value={secureJsonData.tlsCACert ?? ''} cols={48} rows={4} onReset={() => reset('tlsCACert')} onChange={(e) => secret('tlsCACert', e.currentTarget.value)} />
        </Field>
        <Field label="Skip certificate check" description="For trying only: anyone on the way can read and change what is sent">
          <Switch id="spikeline-skip" value={jsonData.tlsSkipVerify ?? false} onChange={(e) => set({ tlsSkipVerify: e.currentTarget.checked })} />
        </Field>
      </FieldSet>
      <FieldSet label="Reports">
        <Field label="Worker URL" description="HTTP address of a Spikeline worker, for links to incident reports">
          <Input id="spikeline-worker" value={jsonData.workerUrl ?? ''} placeholder="http://spikeline:9100" width={width} onChange={(e) => set({ workerUrl: e.currentTarget.value.trim() })} />
        </Field>
      </FieldSet>
      <FieldSet label="Limits">
        <Field label="Query timeout, in seconds" description="1 to 600; ClickHouse ends the query then">
          <Input id="spikeline-timeout" type="number" value={jsonData.timeoutSeconds ?? ''} placeholder="30" width={width} onChange={(e) => set({ timeoutSeconds: amount(e.currentTarget.value) })} />
        </Field>
        <Field label="Cache, in seconds" description="0 to 60; panels that ask the same within this time share one answer">
          <Input id="spikeline-cache" type="number" value={jsonData.cacheSeconds ?? ''} placeholder="3" width={width} onChange={(e) => set({ cacheSeconds: amount(e.currentTarget.value) })} />
        </Field>
        <Field label="Row limit" description="1 to 1,000,000; a panel that is cut says so, an alert fails">
          <Input id="spikeline-rows" type="number" value={jsonData.rowLimit ?? ''} placeholder="50000" width={width} onChange={(e) => set({ rowLimit: amount(e.currentTarget.value) })} />
        </Field>
      </FieldSet>
    </>
  );
}
