package accesslog

// iis reads the W3C extended logs of Microsoft's IIS: values split by spaces,
// in the order of the "#Fields:" line before them, by default that of the
// fields that IIS logs unless told otherwise. IIS writes such a line whenever it starts or is set up anew.
//
// Times are in UTC, by the format's definition; IIS logs a request when it is
// done. Time taken is in milliseconds. Without the column cs-host there is no
// service; s-sitename is the zone. The logs do not tell who made an error, nor anything of a cache.
// Source: https://learn.microsoft.com/en-us/previous-versions/windows/it-pro/windows-server-2003/cc786596(v=ws.10)
type iis struct{ columns }

const (
	iisDate uint8 = iota + 1
	iisTime
	iisHost
	iisSite
	iisMethod
	iisPath
	iisStatus
	iisBytes
	iisTaken
)

var iisNames = map[string]uint8{
	"date": iisDate, "time": iisTime, "cs-host": iisHost, "cs(Host)": iisHost, "s-sitename": iisSite, "cs-method": iisMethod,
	"cs-uri-stem": iisPath, "sc-status": iisStatus, "sc-bytes": iisBytes, "time-taken": iisTaken,
}

const iisFields = "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken"

func newIIS() Decoder { return &iis{newColumns(' ', iisNames, iisFields)} }

func (d *iis) Decode(line []byte, r *Record) Reason {
	if reason := d.start(line, r); reason != OK {
		return reason
	}
	v := &d.values
	t, reason := d.dateTime(v[iisDate], v[iisTime])
	r.Time = t
	r.Service, d.scratch = host(v[iisHost], d.scratch[:0])
	r.Zone = v[iisSite]
	r.Method, r.Path = v[iisMethod], pathOf(v[iisPath])
	r.Bytes = size(v[iisBytes])
	r.LatencyMicros = micros(v[iisTaken], 3)
	code, bad := status(v[iisStatus], false)
	r.Status = code
	return first(reason, bad)
}
