import { DataQueryRequest, DataSourceInstanceSettings, dateTime } from '@grafana/data';
import { DataSourceWithBackend, setGrafanaLiveSrv, TemplateSrv } from '@grafana/runtime';
import { firstValueFrom, of, toArray } from 'rxjs';
import { SpikelineDataSource } from '../src/datasource';
import { SpikelineOptions, SpikelineQuery } from '../src/types';
import { SpikelineVariables } from '../src/variables';

const settings = { id: 1, uid: 'spikeline', type: 'spikeline-datasource', name: 'Spikeline', jsonData: {} };
const templates = { replace: (t: string) => t, getVariables: () => [] } as unknown as TemplateSrv;
const source = () => new SpikelineDataSource(settings as DataSourceInstanceSettings<SpikelineOptions>, templates);

function request(...targets: SpikelineQuery[]) {
  return { requestId: 'Q1', targets, scopedVars: {}, filters: [{ key: 'pop', operator: '=', value: 'FRA' }] } as unknown as DataQueryRequest<SpikelineQuery>;
}

describe('the data source', () => {
  const backend = jest.spyOn(DataSourceWithBackend.prototype, 'query');
  const streams = jest.fn();
  beforeEach(() => {
    backend.mockReset().mockReturnValue(of({ data: ['backend'] }));
    streams.mockReset().mockReturnValue(of({ data: ['live'] }));
    setGrafanaLiveSrv({ getDataStream: streams } as never);
  });

  it('asks the back end for queries that are not live', async () => {
    await firstValueFrom(source().query(request({ refId: 'A', queryType: 'timeline' })));
    expect(backend).toHaveBeenCalledTimes(1);
    expect(streams).not.toHaveBeenCalled();
  });
  it('streams live windows and incidents, and asks for the others', async () => {
    const answers = source().query(request({ refId: 'A', queryType: 'windows', live: true }, { refId: 'B', queryType: 'events', live: true }));
    expect(await firstValueFrom(answers.pipe(toArray()))).toEqual([{ data: ['live'] }, { data: ['backend'] }]);
    expect(backend.mock.calls[0][0].targets.map((t) => t.refId)).toEqual(['B']);
    const { addr } = streams.mock.calls[0][0];
    expect(addr).toMatchObject({ scope: 'ds', namespace: 'spikeline' });
    expect(addr.data.filters).toEqual([{ key: 'pop', operator: '=', value: 'FRA' }]);
  });
  it('does not stream a hidden query', () => {
    source().query(request({ refId: 'A', queryType: 'windows', live: true, hide: true }));
    expect(streams).not.toHaveBeenCalled();
  });
  it('asks pickers within the time range', async () => {
    const s = source();
    const get = jest.spyOn(s, 'getResource').mockResolvedValue([{ text: 'a', value: 'a' }]);
    const range = { from: dateTime(1000), to: dateTime(2000), raw: { from: 'x', to: 'y' } };
    expect(await s.choices('services', range)).toEqual([{ text: 'a', value: 'a' }]);
    expect(get).toHaveBeenCalledWith('services', { from: 1000, to: 2000 });
    await s.getTagValues({ key: 'pop', filters: [], timeRange: range });
    expect(get).toHaveBeenLastCalledWith('tag-values', { key: 'pop', from: 1000, to: 2000 });
  });
  it('makes every annotation a query of events', () => {
    const annotation = { name: 'x', enable: true, iconColor: 'red', target: { refId: 'Anno', regions: true } };
    expect(source().annotations?.prepareAnnotation?.(annotation)?.target).toEqual({ refId: 'Anno', regions: true, queryType: 'events' });
  });
  it('asks the back end for variables', async () => {
    await firstValueFrom(new SpikelineVariables(source()).query(request({ refId: 'V', variable: 'pops' })));
    expect(backend.mock.calls[0][0].targets[0]).toMatchObject({ queryType: 'variable', variable: 'pops' });
  });
});
