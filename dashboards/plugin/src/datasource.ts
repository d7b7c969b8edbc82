import {
  AdHocVariableFilter,
  CoreApp,
  DataQueryRequest,
  DataQueryResponse,
  DataSourceGetTagKeysOptions,
  DataSourceGetTagValuesOptions,
  DataSourceInstanceSettings,
  LiveChannelScope,
  MetricFindValue,
  ScopedVars,
  StreamingFrameAction,
  TimeRange,
} from '@grafana/data';
import { DataSourceWithBackend, getGrafanaLiveSrv, getTemplateSrv, TemplateSrv } from '@grafana/runtime';
import { merge, Observable } from 'rxjs';
import { AnnotationEditor } from './components/AnnotationEditor';
import { channelOf, defaultQuery, fillVariables } from './query';
import { Choice, SpikelineOptions, SpikelineQuery } from './types';
import { SpikelineVariables } from './variables';

export class SpikelineDataSource extends DataSourceWithBackend<SpikelineQuery, SpikelineOptions> {
  constructor(
    settings: DataSourceInstanceSettings<SpikelineOptions>,
    private readonly templates: TemplateSrv = getTemplateSrv()
  ) {
    super(settings);
    this.annotations = {
      QueryEditor: AnnotationEditor,
      getDefaultQuery: () => ({ queryType: 'events' }),
      prepareAnnotation: (annotation) => ({
        ...annotation,
        target: { ...annotation.target, refId: annotation.target?.refId ?? 'Anno', queryType: 'events' },
      }),
    };
    this.variables = new SpikelineVariables(this);
  }

  getDefaultQuery(_: CoreApp): Partial<SpikelineQuery> {
    return defaultQuery;
  }

  filterQuery(query: SpikelineQuery): boolean {
    return !query.hide && query.queryType !== undefined;
  }

  applyTemplateVariables(query: SpikelineQuery, vars: ScopedVars, filters?: AdHocVariableFilter[]): SpikelineQuery {
    return fillVariables(query, vars, (text, v, format) => this.templates.replace(text, v, format), filters);
  }

  interpolateVariablesInQueries(queries: SpikelineQuery[], vars: ScopedVars, filters?: AdHocVariableFilter[]): SpikelineQuery[] {
    return queries.map((q) => ({ ...this.applyTemplateVariables(q, vars, filters), datasource: this.getRef() }));
  }

  /** Live queries stay connected; all others are asked of the back end at once. */
  query(request: DataQueryRequest<SpikelineQuery>): Observable<DataQueryResponse> {
    const isLive = (q: SpikelineQuery) => q.live === true && !q.hide && (q.queryType === 'windows' || q.queryType === 'incidents');
    const live = request.targets.filter(isLive);
    const asked = request.targets.filter((q) => !isLive(q));
    const answers = live.map((q) => this.stream(q, request));
    if (asked.length > 0 || live.length === 0) {
      answers.push(super.query({ ...request, targets: asked }));
    }
    return merge(...answers);
  }

  private stream(target: SpikelineQuery, request: DataQueryRequest<SpikelineQuery>): Observable<DataQueryResponse> {
    const query = this.applyTemplateVariables(target, request.scopedVars, request.filters);
    return getGrafanaLiveSrv().getDataStream({
      key: `${request.requestId}.${target.refId}`,
      addr: { scope: LiveChannelScope.DataSource, namespace: this.uid, stream: this.uid, path: channelOf(query), data: query },
      buffer:
        query.queryType === 'windows'
          ? { maxLength: 5000, action: StreamingFrameAction.Append }
          : { maxLength: 1000, action: StreamingFrameAction.Replace },
    });
  }

  /** Names for a picker. Without a range: those of the last seven days. */
  async choices(what: 'services' | 'pops' | 'incidents', range?: TimeRange): Promise<Choice[]> {
    return this.getResource(what, range && { from: range.from.valueOf(), to: range.to.valueOf() });
  }

  async getTagKeys(_?: DataSourceGetTagKeysOptions<SpikelineQuery>): Promise<MetricFindValue[]> {
    return this.getResource('tag-keys');
  }

  async getTagValues(options: DataSourceGetTagValuesOptions<SpikelineQuery>): Promise<MetricFindValue[]> {
    const { key, timeRange } = options;
    const span = timeRange && { from: timeRange.from.valueOf(), to: timeRange.to.valueOf() };
    return this.getResource('tag-values', { key, ...span });
  }
}
