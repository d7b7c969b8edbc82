// What Grafana does with the plugin, in small: it hands the shared modules to
// dist/module.js, makes a data source and draws its editors.
import * as data from '@grafana/data';
import * as runtime from '@grafana/runtime';
import * as ui from '@grafana/ui';
import React, { useState } from 'react';
import * as ReactDOM from 'react-dom';
import { createRoot } from 'react-dom/client';
import * as rxjs from 'rxjs';

const shared: Record<string, unknown> = {
  react: React,
  'react-dom': ReactDOM,
  rxjs,
  '@grafana/data': data,
  '@grafana/runtime': runtime,
  '@grafana/ui': ui,
};

declare global {
  interface Window {
    define: (names: string[], make: (...deps: unknown[]) => { plugin: data.DataSourcePlugin<never> }) => void;
    lastQuery: unknown;
  }
}

runtime.setTemplateSrv({ getVariables: () => [{ name: 'service' }], replace: (t: string) => t } as never);

const theme = data.createTheme({ colors: { mode: 'dark' } });

function Editors({ plugin }: { plugin: data.DataSourcePlugin<never> }) {
  const [query, setQuery] = useState<data.DataQuery>({ refId: 'A' });
  const [options, setOptions] = useState({ url: 'http://clickhouse:8123', jsonData: { username: 'reader' }, secureJsonFields: {} });
  const Query = plugin.components.QueryEditor as unknown as React.ComponentType<Record<string, unknown>>;
  const Config = plugin.components.ConfigEditor as unknown as React.ComponentType<Record<string, unknown>>;
  const source = { choices: async () => ['api.example.com', 'chatgpt.com', 'x.com'].map((n) => ({ text: n, value: n })) };
  window.lastQuery = query;
  return (
    <data.ThemeContext.Provider value={theme}>
      <ui.GlobalStyles />
      <ui.PortalContainer />
      <div id="query" style={{ background: theme.colors.background.primary, color: theme.colors.text.primary, padding: 16 }}>
        <Query query={query} onChange={setQuery} onRunQuery={() => undefined} datasource={source} />
      </div>
      <div id="config" style={{ background: theme.colors.background.primary, color: theme.colors.text.primary, padding: 16 }}>
        <Config options={options} onOptionsChange={setOptions} />
      </div>
    </data.ThemeContext.Provider>
  );
}

window.define = (names, make) => {
  const { plugin } = make(...names.map((name) => shared[name] ?? fail(name)));
  createRoot(document.getElementById('root') as HTMLElement).render(<Editors plugin={plugin} />);
};

function fail(name: string): never {
  throw new Error(`Grafana shares no module ${name}`);
}
