import { CustomVariableSupport, DataQueryRequest, DataQueryResponse } from '@grafana/data';
import { Observable } from 'rxjs';
import { VariableEditor } from './components/VariableEditor';
import type { SpikelineDataSource } from './datasource';
import { SpikelineQuery } from './types';

/** Variables that list services, pops, incidents, kinds or severities of the dashboard's time range. */
export class SpikelineVariables extends CustomVariableSupport<SpikelineDataSource, SpikelineQuery> {
  editor = VariableEditor;

  constructor(private readonly source: SpikelineDataSource) {
    super();
  }

  query(request: DataQueryRequest<SpikelineQuery>): Observable<DataQueryResponse> {
    const targets = request.targets.map((q) => ({
      ...q,
      refId: q.refId ?? 'Variable',
      queryType: 'variable' as const,
      variable: q.variable ?? ('services' as const),
    }));
    return this.source.query({ ...request, targets });
  }
}
