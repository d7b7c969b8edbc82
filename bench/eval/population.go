package main

type population struct{}

func runPopulation([]uint64, int) population { return population{} }
func writePopulation(any, population) {}
func printFalse(any, population) {}
