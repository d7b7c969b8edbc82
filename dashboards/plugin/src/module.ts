import { DataSourcePlugin } from '@grafana/data';
import { ConfigEditor } from './components/ConfigEditor';
import { QueryEditor } from './components/QueryEditor';
import { SpikelineDataSource } from './datasource';
import { SpikelineOptions, SpikelineQuery, SpikelineSecrets } from './types';

export const plugin = new DataSourcePlugin<SpikelineDataSource, SpikelineQuery, SpikelineOptions, SpikelineSecrets>(SpikelineDataSource)
  .setConfigEditor(ConfigEditor)
  .setQueryEditor(QueryEditor);
