package accesslog

import (
	"regexp"
	"strings"
)

func refCaddy(o refObject, r *Record) Reason {
	if logger := o.text("logger"); logger != "" && !strings.HasPrefix(logger, "http.log.access") {
		return Empty
	}
	var reason Reason
	r.Time, _, reason = o.time("ts")
	inner, _ := o["request"].(map[string]any)
	request := refObject(inner)
	r.Service = []byte(refHost(request.text("host")))
	r.Method = []byte(request.text("method"))
	r.Path = []byte(refPath(request.text("uri")))
	r.Bytes = refSize(o.scalar("size"))
	if us := refMicros(o.scalar("duration"), 6); us <= 24*3600*1e6 {
		r.LatencyMicros = us
	}
	return o.finish(r, reason, "status", true)
}

func refTraefik(o refObject, r *Record) Reason {
	var reason Reason
	r.Time, _, reason = o.time(o.oneOf("StartUTC", "StartLocal", "time"))
	r.Service = []byte(refHost(o.text(o.oneOf("RequestHost", "RequestAddr"))))
	r.Zone = []byte(o.text(o.oneOf("ServiceName", "RouterName")))
	r.Method = []byte(o.text("RequestMethod"))
	r.Path = []byte(refPath(o.text("RequestPath")))
	r.OriginStatus = refOrigin(o.scalar("OriginStatus"))
	r.Bytes = refSize(o.scalar("DownstreamContentSize"))
	if ns, ok := refDecimal(o.scalar("Duration"), 0); ok && regexp.MustCompile(`^[0-9]{1,19}$`).MatchString(o.scalar("Duration")) {
		r.LatencyMicros = ns / 1000
	}
	return o.finish(r, reason, "DownstreamStatus", true)
}

var (
	refALBStart = regexp.MustCompile(`(?s)^(http|https|h2|grpcs|ws|wss) ([^ ]+) ([^ ]+) (?:[^ ]+ ){5}([^ ]+) ([^ ]+) [^ ]+ ([0-9]+|-) "((?:[^"\\]|\\.)*)"(.*)$`)
	refALBTail  = regexp.MustCompile(`(?s)^ "(?:[^"\\]|\\.)*"(?: [^ ]+){3} "(?:[^"\\]|\\.)*" "((?:[^"\\]|\\.)*)"(?: "(?:[^"\\]|\\.)*"(?: [^ ]+ ([^ ]+))?)?`)
)

func refALB(line []byte, r *Record) Reason {
	m := refALBStart.FindStringSubmatch(strings.TrimRight(latin1(line), "\r\n"))
	if m == nil {
		return Malformed
	}
	tail := append(refALBTail.FindStringSubmatch(m[8]), "", "", "")
	method, url := refRequest(m[7])
	name, path := "", url
	if _, rest, found := strings.Cut(url, "://"); found {
		name, path = rest, ""
		if i := strings.Index(rest, "/"); i >= 0 {
			name, path = rest[:i], rest[i:]
		}
	}
	if name = refHost(name); name == "" {
		name = refHost(tail[1])
	}
	r.Service, r.Zone, r.Method, r.Path = bytesOf(name), bytesOf(m[3]), bytesOf(method), bytesOf(path)
	r.OriginStatus, r.Bytes = refOrigin(string(bytesOf(m[5]))), refSize(m[6])
	end, ok := refISO(m[2])
	reason := BadTimestamp
	if ok {
		r.Time, reason = end, OK
		if start, ok := refISO(tail[2]); ok && start <= end {
			r.Time, r.LatencyMicros = start, (end-start)/1000
		}
	}
	if strings.HasPrefix(m[1], "ws") {
		r.LatencyMicros = -1
	}
	v, bad := refStatus(string(bytesOf(m[4])), len(bytesOf(m[4])) == 3)
	r.Status = v
	return first(reason, bad)
}

func refISO(s string) (int64, bool) {
	ns, _, ok := refTime(s)
	return ns, ok && refISOForm.MatchString(s)
}

var refTraefikEnd = regexp.MustCompile(`(?s)" ([0-9]+|-) "([^"]*)" "[^"]*" ([0-9]+|-)ms$`)

func refTraefikCLF(line []byte, r *Record) Reason {
	reason := refCombined(line, r)
	m := refTraefikEnd.FindStringSubmatch(strings.TrimRight(latin1(line), "\r\n"))
	if m == nil || reason == Malformed {
		return Malformed
	}
	if r.LatencyMicros = refMicros(m[3], 3); m[2] != "-" {
		r.Zone = bytesOf(m[2])
	}
	return reason
}

func refIIS(fields, line string, r *Record) Reason {
	line = strings.TrimRight(line, "\r\n")
	if strings.HasPrefix(line, "#") {
		return Empty
	}
	names, values := strings.Fields(fields), strings.Split(line, " ")
	names = names[:min(len(names), maxColumns)]
	if len(names) == 0 || len(values) != len(names) {
		return Malformed
	}
	column := map[uint8]string{}
	for i, name := range names {
		if values[i] != "-" {
			column[iisNames[name]] = values[i]
		}
	}
	r.Service = []byte(refHost(column[iisHost]))
	r.Zone, r.Method, r.Path = []byte(column[iisSite]), []byte(column[iisMethod]), []byte(refPath(column[iisPath]))
	r.Bytes, r.LatencyMicros = refSize(column[iisBytes]), refMicros(column[iisTaken], 3)
	reason := OK
	switch date, clock := column[iisDate], column[iisTime]; {
	case date == "" || clock == "":
		reason = NoTimestamp
	case len(date) != 10 || len(clock) != 8:
		reason = BadTimestamp
	default:
		ns, _, ok := refTime(date + "T" + clock + "Z")
		if r.Time = ns; !ok {
			r.Time, reason = 0, BadTimestamp
		}
	}
	v, bad := refStatus(column[iisStatus], false)
	r.Status = v
	return first(reason, bad)
}
