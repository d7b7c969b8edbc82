package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/spikeline/spikeline/sink"
)

// What the shell offers when a user presses TAB must come at once.
const (
	completionTime = 2 * time.Second
	completions    = 50 // incidents
)

// completeIncident has the shell offer the newest incidents that begin with
// what was typed, and nothing when ClickHouse cannot be asked.
func completeIncident(c *cobra.Command, from *settings) {
	c.ValidArgsFunction = func(c *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, stop := context.WithTimeout(c.Context(), completionTime)
		defer stop()
		return incidentsLike(ctx, from, begun), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
}

func incidentsLike(ctx context.Context, from *settings, begun string) (offers []cobra.Completion) {
	config, err := from.load()
	if err != nil {
		return nil
	}
	reader, err := sink.OpenReader(config.Sink)
	if err != nil {
		return nil
	}
	defer reader.Close() // nothing is written
	list, err := reader.ListIncidents(ctx, sink.Filter{Words: begun, Limit: completions})
	if err != nil || len(list) == 0 {
		return nil
	}
	if strings.HasPrefix("latest", begun) {
		offers = append(offers, cobra.CompletionWithDesc("latest", list[0].Title))
	}
	for _, in := range list {
		if strings.HasPrefix(in.ID, begun) {
			offers = append(offers, cobra.CompletionWithDesc(in.ID, in.Title))
		}
	}
	return offers
}
